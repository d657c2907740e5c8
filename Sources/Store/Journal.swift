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
