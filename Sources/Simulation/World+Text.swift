import Engine
import Store
import Tompion
import TompionTesting
import Wire

/// Short names for people who read a trace.
extension World {
  func text(_ task: TaskID) -> String { "t\(task.uuid.short)" }
  func text(_ slot: SlotID) -> String { "\(text(slot.task)).\(slot.shard)" }
  func text(_ run: RunID) -> String { "\(text(run.slot))#\(run.epoch.value & 0xFFFF_FFFF)" }
  func text(_ boot: BootID) -> String { "b\(boot.uuid.short)" }

  func text(_ trigger: TriggerID) -> String {
    let name = store.ledger.trigger(trigger)?.name ?? "a deleted trigger"
    return "\(name) (\(trigger.uuid.short))"
  }

  func text(_ runs: [RunID]) -> String {
    runs.isEmpty ? "nothing" : runs.map { text($0) }.joined(separator: " ")
  }

  func text(_ change: SlotChange) -> String {
    let move = change.move
    let ready = move.readyAt.map { " ready \($0)" } ?? ""
    let why = move.why.isEmpty ? "" : " (\(move.why))"
    return "\(text(change.slot.run)) move \(move.number) to \(move.to.name)\(ready)\(why)"
  }

  func text(_ message: FromWorker) -> String {
    var parts: [String] = []
    if let beat = message.heartbeat { parts.append("heartbeat \(beat)") }
    if message.isDraining { parts.append("draining") }
    for credit in message.credits { parts.append("credit \(credit.handler) \(credit.count)") }
    for report in message.reports { parts.append("\(text(report.event)) of \(text(report.run))") }
    return parts.joined(separator: ", ")
  }

  func text(_ event: Report.Event) -> String {
    switch event {
    case .started: "started"
    case .progress: "progress"
    case .log: "log"
    case .succeeded: "succeeded"
    case .failed(let failure): "failed (\(failure.message))"
    case .stopped: "stopped"
    case .decline(let reason): "declined (\(reason))"
    case .released: "released"
    }
  }

  func text(_ outcome: WorkerSession.Outcome) -> String {
    switch outcome {
    case .returned: "well"
    case .threw(let failure):
      "failing, \(failure.isRetryable ? "to be tried again" : "for good")"
        + (failure.retryAfter.map { " after \($0)" } ?? "")
    case .stopped: "cancelled"
    }
  }

  func text(_ message: FromServer) -> String {
    var parts: [String] = []
    if let welcome = message.welcome {
      parts.append("welcome, keep \(text(welcome.keep)), abandon \(text(welcome.abandon))")
    }
    if let refuse = message.refuse { parts.append("refused: \(refuse.code)") }
    if let beat = message.heartbeatAck { parts.append("heartbeat \(beat)") }
    if let drain = message.drain { parts.append("come back in \(drain)") }
    for offer in message.offers { parts.append("offer \(text(offer.run))") }
    for cancel in message.cancels { parts.append("cancel \(text(cancel.run))") }
    for run in message.revokes { parts.append("revoke \(text(run))") }
    for run in message.resultAcks { parts.append("ack \(text(run))") }
    for stale in message.stales { parts.append("stale \(text(stale.run)) \(stale.reason ?? "")") }
    if message.configure != nil { parts.append("configure") }
    return parts.joined(separator: ", ")
  }
}

extension UUIDv7 {
  /// The last digits, enough to tell one from another.
  fileprivate var short: String { String(low & 0xFF_FFFF, radix: 16) }
}
