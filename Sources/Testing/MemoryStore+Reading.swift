package import Engine
package import Store

extension MemoryStore {
  // MARK: What the scheduler plans from

  package func dueTriggers(
    after cursor: DueTrigger?,
    through: Timestamp,
    limit: Int
  ) async -> [DueTrigger] {
    let due = read { tables in
      tables.triggers.values.compactMap { trigger in
        trigger.state.nextFireAt.map { DueTrigger(at: $0, trigger: trigger.id) }
      }
    }
    let later = due.filter { due in due.at <= through && cursor.map { $0 < due } ?? true }
    return Array(later.sorted().prefix(limit))
  }

  package func readySlots(
    _ queue: QueueKey,
    readyBy: Timestamp,
    limit: Int
  ) async -> [ReadySlot] {
    let ready = read { tables in
      tables.allSlots.filter { row, task in
        guard task.template.value.queue == queue, let readyAt = row.slot.readyAt else {
          return false
        }
        return readyAt <= readyBy
      }.map { row, task in ReadySlot(id: row.slot.id, order: task.order, template: task.template) }
    }
    return Array(ready.sorted { ($0.order, $0.id) < ($1.order, $1.id) }.prefix(limit))
  }

  package func liveQueues() async -> [QueueKey] {
    let queues = read { tables in
      Set(tables.tasks.values.filter { !tables.isFinal($0.id) }.map(\.template.value.queue))
    }
    return Array(queues)
  }

  package func delayedSlots(
    after cursor: DelayedSlot?,
    through: Timestamp,
    limit: Int
  ) async -> [DelayedSlot] {
    let now = transactionTime
    let delayed = read { tables in
      tables.allSlots.compactMap { row, task -> DelayedSlot? in
        guard let readyAt = row.slot.readyAt, let last = row.history.lastMoveAt,
          readyAt > min(last, now), readyAt <= through
        else { return nil }
        let slot = ReadySlot(id: row.slot.id, order: task.order, template: task.template)
        return DelayedSlot(at: readyAt, slot: slot)
      }
    }
    let later = delayed.filter { slot in
      cursor.map { ($0.at, $0.slot.id) < (slot.at, slot.slot.id) } ?? true
    }
    return Array(later.sorted { ($0.at, $0.slot.id) < ($1.at, $1.slot.id) }.prefix(limit))
  }

  package func slotsInHand() async -> [SlotInHand] {
    read { tables in
      tables.allSlots.filter { $0.row.slot.owner != nil }.map { row, task in
        SlotInHand(slot: row.slot, task: task)
      }.sorted { $0.slot.id < $1.slot.id }
    }
  }

  package func overdueSlots(at now: Timestamp, limit: Int) async -> [SlotCommand] {
    read { tables in
      let overdue = tables.allSlots.filter { row, _ in row.deadline.map { $0 <= now } ?? false }
      return overdue.prefix(limit).compactMap { row, task in
        SlotCommand(overdue: row, of: task, at: now)
      }
    }
  }

  package func onlineTriggers(after cursor: TriggerID?, limit: Int) async -> [Trigger] {
    let online = read { $0.triggers.values.filter(\.state.isOnline) }
    let later = online.filter { trigger in cursor.map { $0 < trigger.id } ?? true }
    return Array(later.sorted { $0.id < $1.id }.prefix(limit))
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
