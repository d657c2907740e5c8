package import Engine

/// One committed move as the journal keeps it, for those who follow what happens.
package struct JournalEntry: Sendable {
  package let sequence: Int64
  package let slot: SlotID
  package let template: SharedTemplate
  package let move: SlotMove

  package init(sequence: Int64, slot: SlotID, template: SharedTemplate, move: SlotMove) {
    self.sequence = sequence
    self.slot = slot
    self.template = template
    self.move = move
  }

  package init(_ change: SlotChange) {
    self.init(
      sequence: change.sequence,
      slot: change.slot.id,
      template: change.task.template,
      move: change.move
    )
  }
}

/// The changes of one commit, packed into one row.
package enum JournalPage {
  /// Packs the entries of one commit.
  package static func bytes(of changes: [SlotChange]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(changes.count * 64)
    for change in changes {
      bytes.append(change.slot.id.task.uuid)
      bytes.append(varint: UInt64(change.slot.id.shard))
      bytes.append(varint: UInt64(bitPattern: change.task.template.number))
      bytes.append(.move(change.move, sequence: change.sequence))
    }
    return bytes
  }

  /// Reads a page back; `template` finds a template by its number. Entries whose template is gone
  /// are left out.
  package static func entries(
    in bytes: [UInt8],
    template: (Int64) throws(StoreError) -> SharedTemplate?
  ) throws(StoreError) -> [JournalEntry] {
    var reader = ByteReader(bytes)
    var entries: [JournalEntry] = []
    while let task = reader.uuid(), let shard = reader.int(), let number = reader.varint(),
      case .move(let move, let sequence)? = reader.entry()
    {
      guard let template = try template(Int64(bitPattern: number)) else { continue }
      entries.append(
        JournalEntry(
          sequence: sequence,
          slot: SlotID(task: TaskID(task), shard: shard),
          template: template,
          move: move
        )
      )
    }
    return entries
  }
}
