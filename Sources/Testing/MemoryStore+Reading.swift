package import Engine
package import Store

extension MemoryStore {
  // MARK: What the scheduler plans from

  package func dueTriggers(
    after cursor: DueTrigger?,
    through: Timestamp,
    limit: Int
  ) async -> [DueTrigger] {
    read { $0.dueTriggers(after: cursor, through: through, limit: limit) }
  }

  package func readySlots(
    _ queue: QueueKey,
    readyBy: Timestamp,
    limit: Int
  ) async -> [ReadySlot] {
    read { $0.readySlots(queue, readyBy: readyBy, limit: limit) }
  }

  package func liveQueues() async -> [QueueKey] {
    read { $0.liveQueues() }
  }

  package func delayedSlots(
    after cursor: DelayedSlot?,
    through: Timestamp,
    limit: Int
  ) async -> [DelayedSlot] {
    read { $0.delayedSlots(after: cursor, through: through, limit: limit) }
  }

  package func slotsInHand() async -> [SlotInHand] {
    read { $0.slotsInHand() }
  }

  package func overdueSlots(at now: Timestamp, limit: Int) async -> [SlotCommand] {
    read { $0.overdueSlots(at: now, limit: limit) }
  }

  package func onlineTriggers(after cursor: TriggerID?, limit: Int) async -> [Trigger] {
    read { $0.onlineTriggers(after: cursor, limit: limit) }
  }

  // MARK: Changes

  package func changes(after sequence: Int64, limit: Int) async -> [JournalEntry] {
    Array(read { $0.journal }.filter { $0.sequence > sequence }.prefix(limit))
  }

  package func journalRange() async -> ClosedRange<Int64>? {
    let journal = read { $0.journal }
    guard let first = journal.first, let last = journal.last else { return nil }
    return first.sequence...last.sequence
  }
}
