import ControlAPI
import Engine
import Store

extension TaskInfo {
  /// The task as clients see it at `now`; `isWhole` adds its parameter, its runs and its events.
  init(_ detail: TaskDetail, at now: Timestamp, isWhole: Bool) {
    self.init()
    let task = detail.task
    let template = task.template.value
    id = task.id.description
    namespace = template.namespace
    trigger = template.trigger?.name
    handler = template.handler
    state = detail.state.name
    isFinal = detail.state.isFinal
    nominalAt = task.nominalAt.description
    createdAt = task.createdAt.description
    startedAt = detail.slots.compactMap(\.slot.firstStartedAt).min()?.description
    endedAt = detail.endedAt?.description
    isManual = task.isManual
    missed = task.missed > 0 ? task.missed : nil
    rerunOf = task.rerunOf?.description
    priority = template.priority
    labels = template.labels.pairs
    if isWhole { param = Payload(task.param) }
    shards = detail.slots.map { SlotInfo($0, template, at: now, isWhole: isWhole) }
  }
}

extension TaskDetail {
  /// When the last slot became final; `nil` while one is not.
  var endedAt: Timestamp? {
    guard state.isFinal else { return nil }
    return slots.compactMap(\.lastMove?.at).max()
  }
}

extension SlotRow {
  fileprivate var lastMove: SlotMove? {
    for case .move(let move, _) in history.entries.reversed() { return move }
    return nil
  }
}

extension Payload {
  /// As text when the bytes are UTF-8, in base64 otherwise.
  init(_ bytes: [UInt8]) {
    let text = String(validating: bytes, as: UTF8.self)
    self.init(text: text, base64: text == nil ? Base64.encode(bytes) : nil)
  }
}

extension SlotInfo {
  init(_ row: SlotRow, _ template: TaskTemplate, at now: Timestamp, isWhole: Bool) {
    self.init()
    let slot = row.slot
    shard = slot.id.shard
    state = slot.state.name
    (phase, reason, readyAt) = slot.phase.shown(at: now)
    attempts = slot.counters.attempts
    offers = slot.counters.offers
    crashes = slot.counters.crashes.count
    epoch = slot.epoch.description
    worker = slot.owner?.worker
    progress = slot.progress.map { Progress(percent: $0.percent, note: $0.note) }
    shardParam = template.shardParams[slot.id.shard]
    result = row.result.map(Payload.init)
    guard isWhole else { return }
    let entries = row.history.entries
    runs = RunInfo.runs(of: slot.id, in: entries)
    events = SlotEventInfo.events(in: entries)
    refusedReports = RefusedReportInfo.reports(in: entries)
  }
}

extension Slot.Phase {
  /// The phase in a word, why it is so, and when it may be handed out.
  fileprivate func shown(
    at now: Timestamp
  ) -> (phase: String, reason: String?, readyAt: String?) {
    switch self {
    case .waiting(let readyAt, _):
      (readyAt <= now ? "ready" : "delayed", nil, readyAt.description)
    case .held(let hold, let readyAt): ("held", hold.name, readyAt.description)
    case .offered: ("offered", nil, nil)
    case .running: ("running", nil, nil)
    case .stopping(_, _, let reason, let stopBy): ("stopping", "\(reason.name), by \(stopBy)", nil)
    case .completed(.normal): ("final", nil, nil)
    case .completed(.despiteCancel): ("final", "finished despite cancel", nil)
    case .completed(.late): ("final", "late result", nil)
    case .faulted(let reason): ("final", reason.name, nil)
    case .canceled(let reason): ("final", reason.name, nil)
    }
  }
}

extension Hold {
  var name: String {
    switch (contains(.overlap), contains(.paused)) {
    case (true, true): "overlap, paused"
    case (true, false): "overlap"
    case (false, _): "paused"
    }
  }
}

extension SlotEventInfo {
  static func events(in entries: [SlotHistory.Entry]) -> [SlotEventInfo] {
    entries.compactMap { entry in
      guard case .move(let move, let sequence) = entry else { return nil }
      return SlotEventInfo(move, sequence: sequence)
    }
  }

  init(_ move: SlotMove, sequence: Int64) {
    self.init()
    self.sequence = sequence
    self.move = Int(move.number)
    from = move.from.name
    to = move.to.name
    why = move.why
    epoch = move.epoch.description
    at = move.at.description
    readyAt = move.readyAt?.description
    worker = move.owner?.worker
  }
}

extension RefusedReportInfo {
  static func reports(in entries: [SlotHistory.Entry]) -> [RefusedReportInfo] {
    entries.compactMap { entry in
      guard case .refusal(let refusal, let event, let epoch, let at) = entry else { return nil }
      return RefusedReportInfo(
        reason: refusal.rawValue,
        report: event,
        epoch: epoch.description,
        at: at.description
      )
    }
  }
}

extension EventInfo {
  init(_ entry: JournalEntry) {
    self.init()
    let template = entry.template.value
    let move = entry.move
    sequence = entry.sequence
    namespace = template.namespace
    task = entry.slot.task.description
    shard = entry.slot.shard
    trigger = template.trigger?.name
    handler = template.handler
    self.move = Int(move.number)
    from = move.from.name
    to = move.to.name
    why = move.why
    epoch = move.epoch.description
    at = move.at.description
    readyAt = move.readyAt?.description
    worker = move.owner?.worker
  }
}

extension LogLineInfo {
  init(_ line: LogLine) {
    self.init()
    at = line.at.description
    level = line.level
    message = line.message
    metadata = line.metadata
    shard = line.run.slot.shard
    runInstanceId = line.run.description
  }
}
