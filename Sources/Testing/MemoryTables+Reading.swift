package import Engine
package import Store

/// What a scheduler plans from, read between two transactions.
extension MemoryTables {
  package func dueTriggers(
    after cursor: DueTrigger?,
    through: Timestamp,
    limit: Int
  ) -> [DueTrigger] {
    let due = triggers.values.compactMap { trigger in
      trigger.state.nextFireAt.map { DueTrigger(at: $0, trigger: trigger.id) }
    }
    let later = due.filter { due in due.at <= through && cursor.map { $0 < due } ?? true }
    return Array(later.sorted().prefix(limit))
  }

  package func readySlots(_ queue: QueueKey, readyBy: Timestamp, limit: Int) -> [ReadySlot] {
    let ready = readable { row, task -> ReadySlot? in
      guard row.slot.readyAt != nil, task.template.value.queue == queue,
        delayed[row.slot.id].map({ $0 <= readyBy }) ?? true
      else { return nil }
      return ReadySlot(id: row.slot.id, order: task.order, template: task.template)
    }
    return Array(ready.sorted { ($0.order, $0.id) < ($1.order, $1.id) }.prefix(limit))
  }

  package func liveQueues() -> [QueueKey] {
    Array(Set(tasks.values.filter { !isFinal($0.id) }.map(\.template.value.queue)))
  }

  package func delayedSlots(
    after cursor: DelayedSlot?,
    through: Timestamp,
    limit: Int
  ) -> [DelayedSlot] {
    let later = delayed.filter { id, at in
      at <= through && cursor.map { ($0.at, $0.slot.id) < (at, id) } ?? true
    }
    let first = later.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.prefix(limit)
    return first.compactMap { id, at in
      tasks[id.task].map { task in
        DelayedSlot(at: at, slot: ReadySlot(id: id, order: task.order, template: task.template))
      }
    }
  }

  package func slotsInHand() -> [SlotInHand] {
    let inHand = readable { row, task -> SlotInHand? in
      row.slot.owner == nil ? nil : SlotInHand(slot: row.slot, task: task)
    }
    return inHand.sorted { $0.slot.id < $1.slot.id }
  }

  package func overdueSlots(at now: Timestamp, limit: Int) -> [SlotCommand] {
    let overdue = readable { row, task -> SlotCommand? in
      guard let deadline = row.deadline, deadline <= now else { return nil }
      return SlotCommand(overdue: row, of: task, at: now)
    }
    return Array(overdue.prefix(limit))
  }

  package func onlineTriggers(after cursor: TriggerID?, limit: Int) -> [Trigger] {
    let online = triggers.values.filter(\.state.isOnline)
    let later = online.filter { trigger in cursor.map { $0 < trigger.id } ?? true }
    return Array(later.sorted { $0.id < $1.id }.prefix(limit))
  }

  /// What `pick` makes of the slots and their tasks, without those of which it makes nothing.
  private func readable<Picked>(_ pick: (SlotRow, TaskRecord) -> Picked?) -> [Picked] {
    var picked: [Picked] = []
    for (id, rows) in slots {
      guard let task = tasks[id] else { continue }
      for row in rows {
        if let one = pick(row, task) { picked.append(one) }
      }
    }
    return picked
  }
}
