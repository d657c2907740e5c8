import Engine

extension [UInt8] {
  mutating func append(_ entry: SlotHistory.Entry) {
    switch entry {
    case .move(let move, let sequence):
      append(addingCapacity: 64 + move.owner.size + move.why.utf8.count) { bytes in
        bytes.append(move.number)
        bytes.append(move.from.rawValue << 4 | move.to.rawValue)
        bytes.append(varint: UInt64(bitPattern: sequence))
        bytes.append(fixed: move.epoch.value)
        bytes.append(move.at)
        bytes.append(move.readyAt)
        bytes.append(move.owner)
        bytes.append(move.why)
      }
    case .refusal(let refusal, let event, let epoch, let at):
      append(UInt8.refusal)
      append(refusal.rawValue)
      append(event)
      append(fixed: epoch.value)
      append(at)
    }
  }
}

extension ByteReader {
  mutating func entry() -> SlotHistory.Entry? {
    guard let number = byte() else { return nil }
    return number == .refusal ? refusal() : move(number)
  }

  private mutating func move(_ number: UInt8) -> SlotHistory.Entry? {
    guard let states = byte(), let from = TaskState(rawValue: states >> 4),
      let to = TaskState(rawValue: states & 15), let sequence = varint(), let epoch = fixed(),
      let at = time(), let readyAt = optionalTime(), let owner = optionalOwner(), let why = text()
    else { return nil }
    let move = SlotMove(
      number: number,
      from: from,
      to: to,
      why: why,
      epoch: Epoch(epoch),
      at: at,
      readyAt: readyAt,
      owner: owner
    )
    return .move(move, sequence: Int64(bitPattern: sequence))
  }

  private mutating func refusal() -> SlotHistory.Entry? {
    guard let name = text(), let refusal = Refusal(rawValue: name), let event = text(),
      let epoch = fixed(), let at = time()
    else { return nil }
    return .refusal(refusal, event: event, epoch: Epoch(epoch), at: at)
  }
}

extension UInt8 {
  /// Stands where a move has its number.
  fileprivate static let refusal: UInt8 = 0xFF
}
