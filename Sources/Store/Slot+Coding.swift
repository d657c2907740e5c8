package import Engine

extension Slot {
  /// The slot in a few bytes, without its identity; `init(id:bytes:)` reads them back.
  package var bytes: [UInt8] {
    [UInt8](capacity: packedSize) { $0.append(self) }
  }

  /// The most bytes that it takes.
  var packedSize: Int {
    112 + 10 * counters.crashes.count + (progress?.note.utf8.count ?? 0) + lastOwner.size
  }

  private var lastOwner: Owner? {
    guard case .waiting(_, let latecomer) = phase else { return owner }
    return latecomer
  }

  /// `nil` when the bytes make no sense.
  package init?(id: SlotID, bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    self.init(id: id, &reader)
  }

  init?(id: SlotID, _ reader: inout ByteReader) {
    guard let epoch = reader.fixed(), let settled = reader.byte(), let attempts = reader.int(),
      let offers = reader.int(), let crashCount = reader.int(), crashCount <= SlotPolicy.crashes
    else { return nil }
    var counters = Counters()
    counters.attempts = attempts
    counters.offers = offers
    for _ in 0..<crashCount {
      guard let crash = reader.time() else { return nil }
      counters.crashes.append(crash)
    }
    guard let firstStartedAt = reader.optionalTime(), let hasProgress = reader.byte() else {
      return nil
    }
    var progress: Progress?
    if hasProgress == 1 {
      guard let percent = reader.int(), let note = reader.text() else { return nil }
      progress = Progress(percent: percent == 0 ? nil : percent - 1, note: note)
    }
    guard let phase = reader.phase() else { return nil }
    self.init(id: id, phase: phase)
    self.epoch = Epoch(epoch)
    self.settledBy = settled == 0 ? nil : ReportKind(rawValue: settled - 1)
    self.counters = counters
    self.firstStartedAt = firstStartedAt
    self.progress = progress
  }
}

extension OutputSpan<UInt8> {
  /// At most `packedSize` bytes.
  mutating func append(_ slot: Slot) {
    append(fixed: slot.epoch.value)
    append(slot.settledBy.map { $0.rawValue + 1 } ?? 0)
    append(varint: UInt64(clamping: slot.counters.attempts))
    append(varint: UInt64(clamping: slot.counters.offers))
    append(varint: UInt64(slot.counters.crashes.count))
    for crash in slot.counters.crashes { append(crash) }
    append(slot.firstStartedAt)
    append(slot.progress == nil ? 0 : 1)
    if let progress = slot.progress {
      append(varint: UInt64(clamping: (progress.percent ?? -1) + 1))
      append(progress.note)
    }
    append(slot.phase)
  }

  fileprivate mutating func append(_ phase: Slot.Phase) {
    switch phase {
    case .waiting(let readyAt, let latecomer):
      append(0)
      append(readyAt)
      append(latecomer)
    case .held(let hold, let readyAt):
      append(1)
      append(hold.rawValue)
      append(readyAt)
    case .offered(let owner, let at):
      append(2)
      append(owner)
      append(at)
    case .running(let owner, let since):
      append(3)
      append(owner)
      append(since)
    case .stopping(let owner, let since, let reason, let stopBy):
      append(4)
      append(owner)
      append(since)
      append(reason.code)
      append(stopBy)
    case .completed(let completion):
      append(5)
      append(completion.rawValue)
    case .faulted(let reason):
      append(6)
      append(reason.rawValue)
    case .canceled(let reason):
      append(7)
      append(reason.rawValue)
    }
  }
}

extension [UInt8] {
  /// Ends where it ends: it needs no length in front.
  package mutating func append(_ slot: Slot) {
    append(addingCapacity: slot.packedSize) { $0.append(slot) }
  }
}

extension ByteReader {
  package mutating func slot(_ id: SlotID) -> Slot? {
    Slot(id: id, &self)
  }
}

extension ByteReader {
  fileprivate mutating func phase() -> Slot.Phase? {
    switch byte() {
    case 0:
      guard let readyAt = time(), let latecomer = optionalOwner() else { return nil }
      return .waiting(readyAt: readyAt, latecomer: latecomer)
    case 1:
      guard let hold = byte(), let readyAt = time() else { return nil }
      return .held(Hold(rawValue: hold), readyAt: readyAt)
    case 2:
      guard let owner = optionalOwner() ?? nil, let at = time() else { return nil }
      return .offered(owner, at: at)
    case 3:
      guard let owner = optionalOwner() ?? nil, let since = time() else { return nil }
      return .running(owner, since: since)
    case 4:
      guard let owner = optionalOwner() ?? nil, let since = time(), let code = byte(),
        let reason = StopReason(code: code), let stopBy = time()
      else { return nil }
      return .stopping(owner, since: since, reason, stopBy: stopBy)
    case 5: return byte().flatMap(Completion.init(rawValue:)).map(Slot.Phase.completed)
    case 6: return byte().flatMap(FaultReason.init(rawValue:)).map(Slot.Phase.faulted)
    case 7: return byte().flatMap(CancelReason.init(rawValue:)).map(Slot.Phase.canceled)
    default: return nil
    }
  }
}

extension StopReason {
  fileprivate var code: UInt8 {
    switch self {
    case .cancel(let reason): reason.rawValue
    case .runTimeout: 100
    case .heartbeatTimeout: 101
    case .totalTimeout: 102
    }
  }

  fileprivate init?(code: UInt8) {
    switch code {
    case 100: self = .runTimeout
    case 101: self = .heartbeatTimeout
    case 102: self = .totalTimeout
    default:
      guard let reason = CancelReason(rawValue: code) else { return nil }
      self = .cancel(reason)
    }
  }
}
