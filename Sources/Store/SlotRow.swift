package import Engine

/// A slot with what was said about it: its history, its result.
package struct SlotRow: Sendable, Hashable {
  package var slot: Slot
  /// Every move, oldest first, as `SlotHistory` writes them.
  package var history: SlotHistory
  /// What the accepted run returned.
  package var result: [UInt8]?
  /// When the slot's queue or total limit passes; `nil` when it has none or is final.
  package var deadline: Timestamp?

  package init(
    slot: Slot,
    history: SlotHistory = SlotHistory(),
    result: [UInt8]? = nil,
    deadline: Timestamp? = nil
  ) {
    self.slot = slot
    self.history = history
    self.result = result
    self.deadline = deadline
  }

  /// When the slot may be handed out, if that lay ahead when it last moved; `nil` for the others, which
  /// matching was given as they moved.
  ///
  /// It stays so when the time has come: whatever else is written of the slot, it must be found until
  /// somebody has handed it out. With a clock that was set back, it may lie ahead only at `now`.
  package func delayedUntil(at now: Timestamp) -> Timestamp? {
    guard let readyAt = slot.readyAt else { return nil }
    if readyAt > now { return readyAt }
    return history.lastMoveAt.map { $0 < readyAt } ?? false ? readyAt : nil
  }
}

/// The moves of one slot and the reports that were refused, packed as the store keeps them.
///
/// Every move is kept: retries, offers and crashes have limits of their own. Refusals have none, so
/// those beyond `bound` leave no entry; a message is kept up to `longestMessage`.
package struct SlotHistory: Sendable, Hashable {
  package enum Entry: Sendable, Hashable {
    case move(SlotMove, sequence: Int64)
    /// A report or a request that the slot refused; it changed nothing.
    case refusal(Refusal, event: String, epoch: Epoch, at: Timestamp)
  }

  package private(set) var bytes: [UInt8]

  /// In bytes.
  package static let bound = 64 * 1024
  /// In characters.
  package static let longestMessage = 1024

  package init(bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  package mutating func append(_ entry: Entry) {
    switch entry {
    case .move(var move, let sequence):
      if move.why.utf8.count > SlotHistory.longestMessage {
        move.why = String(move.why.prefix(SlotHistory.longestMessage))
      }
      bytes.append(.move(move, sequence: sequence))
    case .refusal:
      guard bytes.count < SlotHistory.bound else { return }
      bytes.append(entry)
    }
  }

  /// Drops the bytes after the first `count`, to take back what was added last.
  package mutating func truncate(to count: Int) {
    guard bytes.count > count else { return }
    bytes.removeSubrange(count...)
  }

  /// Adds entries in their packed form.
  package mutating func append(packed entries: some Collection<UInt8>) {
    bytes.append(contentsOf: entries)
  }

  /// When the slot last moved.
  package var lastMoveAt: Timestamp? {
    var reader = ByteReader(bytes)
    var last: Timestamp?
    while let entry = reader.entry() {
      if case .move(let move, _) = entry { last = move.at }
    }
    return last
  }

  /// All entries, oldest first. Bytes that make no sense end the list.
  package var entries: [Entry] {
    var reader = ByteReader(bytes)
    var entries: [Entry] = []
    while let entry = reader.entry() { entries.append(entry) }
    return entries
  }
}
