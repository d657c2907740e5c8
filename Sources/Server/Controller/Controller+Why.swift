package import ControlAPI
import Engine
import Store

// Why a task is where it is.
extension Controller {
  package func why(_ id: String, in namespace: String) async throws(Problem) -> WhyInfo {
    let detail = try await existing(task: id, in: namespace)
    let waiting = try await asking {
      try await Waiting(detail, store: store, workers: workers, now: now())
    }
    let blocker = try await blocker(of: detail)
    return WhyInfo(
      task: detail.task.id.description,
      state: detail.state.name,
      reasons: detail.slots.flatMap { row in
        reasons(for: row, waiting, blocker).map { reason in
          WhyInfo.Reason(shard: row.slot.id.shard, code: reason.code, text: reason.text)
        }
      }
    )
  }

  /// The task that the trigger waits for.
  private func blocker(of detail: TaskDetail) async throws(Problem) -> TaskID? {
    guard let origin = detail.task.template.value.trigger,
      detail.slots.contains(where: { if case .held = $0.slot.phase { true } else { false } })
    else { return nil }
    let namespace = detail.task.template.value.namespace
    let trigger = try await asking {
      try await store.trigger(namespace: namespace, name: origin.name)
    }
    return trigger?.id == origin.id ? trigger?.state.active : nil
  }

  private func reasons(
    for row: SlotRow,
    _ waiting: Waiting,
    _ blocker: TaskID?
  ) -> [(code: String, text: String)] {
    switch row.slot.phase {
    case .waiting(let readyAt, _):
      return readyAt > now() ? [delayed(row, until: readyAt)] : waiting.reasons(for: row.slot)
    case .held(let hold, _):
      return held(hold, blocker)
    case .offered(let owner, let at):
      return [
        (
          "offered",
          "it was offered to worker \(owner.worker) at \(at) and waits for its start"
        )
      ]
    case .running(let owner, let since):
      return [("running", "worker \(owner.worker) has been running it since \(since)")]
    case .stopping(let owner, _, let reason, let stopBy):
      return [
        (
          "stopping",
          "worker \(owner.worker) was asked to stop it (\(reason.name)) and has until \(stopBy)"
        )
      ]
    case .completed(let completion):
      return [("completed", completion.sentence)]
    case .faulted(let reason):
      let said = row.lastWords.map { ": \($0)" } ?? ""
      return [("faulted", "it failed for good (\(reason.name))\(said)")]
    case .canceled(let reason):
      return [("canceled", reason.sentence)]
    }
  }

  private func delayed(_ row: SlotRow, until readyAt: Timestamp) -> (code: String, text: String) {
    let counters = row.slot.counters
    guard row.slot.epoch != .none else { return ("delayed", "it is due at \(readyAt)") }
    let cause =
      row.lastWords.map { " after attempt \(counters.attempts) (\($0))" }
      ?? " after attempt \(counters.attempts)"
    return ("backoff", "it waits until \(readyAt)\(cause)")
  }

  private func held(_ hold: Hold, _ blocker: TaskID?) -> [(code: String, text: String)] {
    var reasons: [(code: String, text: String)] = []
    if hold.contains(.overlap) {
      let task = blocker.map { "task \($0)" } ?? "the task before it"
      reasons.append(
        ("held-by-overlap", "the trigger's overlap policy holds it until \(task) ends")
      )
    }
    if hold.contains(.paused) {
      reasons.append(("paused", "it is paused; tompion task resume lets it go"))
    }
    return reasons
  }
}

extension SlotRow {
  /// What the latest move says about itself.
  fileprivate var lastWords: String? {
    for case .move(let move, _) in history.entries.reversed() {
      return move.why.isEmpty ? nil : move.why
    }
    return nil
  }
}

extension Completion {
  fileprivate var sentence: String {
    switch self {
    case .normal: "it ran to completion"
    case .despiteCancel: "it ran to completion before the request to stop it took effect"
    case .late: "it ran to completion; the result came after the worker's lease was lost"
    }
  }
}

extension CancelReason {
  fileprivate var sentence: String {
    switch self {
    case .requested: "somebody canceled it"
    case .replaced: "a newer task of its trigger replaced it"
    case .triggerDeleted: "its trigger was deleted"
    }
  }
}
