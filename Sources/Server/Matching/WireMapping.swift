import Engine
import Store
import Wire

extension Offer {
  /// The offer that a binding makes to its worker.
  init(_ change: SlotChange) {
    let template = change.task.template
    self.init(
      run: change.slot.run,
      handler: template.value.handler,
      attempt: change.slot.counters.attempts + 1,
      nominalAt: change.task.nominalAt
    )
    param = change.task.param
    shardParam = template.value.shardParams[run.slot.shard].map { Array($0.utf8) }
    shardCount = template.value.shardCount
    runTimeout = template.value.limits.run
    heartbeatTimeout = template.value.limits.heartbeat
    trigger = template.value.trigger?.name
    labels = template.value.labels
  }
}

extension Cancel.Reason {
  init(_ reason: StopReason) {
    switch reason {
    case .cancel(.replaced): self = .replaced
    case .cancel: self = .cancel
    case .runTimeout: self = .runTimeout
    case .heartbeatTimeout: self = .heartbeatTimeout
    case .totalTimeout: self = .totalTimeout
    }
  }
}

extension SlotEvent {
  /// What a report asks of its slot; `nil` for what moves no slot.
  init?(_ event: Report.Event) {
    switch event {
    case .started: self = .started
    case .progress(let percent, let note):
      self = .progressed(.init(percent: percent, note: note ?? ""))
    case .log: return nil
    case .succeeded(let result): self = .succeeded(result: result ?? [])
    case .failed(let failure):
      self = .failed(
        message: failure.message,
        retryable: failure.isRetryable,
        retryAfter: failure.retryAfter
      )
    case .stopped(let message): self = .stopped(message: message ?? "")
    case .decline(let reason): self = .declined(reason: reason)
    case .released: self = .released
    }
  }
}

extension LogLine {
  /// A line as the worker sent it; of facts with the same key the last one counts.
  init(_ line: Report.LogLine, of run: RunID) {
    self.init(
      run: run,
      at: line.at,
      level: line.level.rawValue,
      message: line.message,
      metadata: Dictionary(line.metadata.map { ($0.key, $0.value) }) { $1 }
    )
  }
}
