package import Engine
import PlatformSQLite
package import Store

/// What the scheduler plans from.
extension SQLiteStore {
  package func dueTriggers(
    after cursor: DueTrigger?,
    through: Timestamp,
    limit: Int
  ) async throws(StoreError) -> [DueTrigger] {
    try await readers.read { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT next_at, id FROM triggers
          WHERE next_at IS NOT NULL AND (next_at, id) > (?, ?) AND next_at <= ?
          ORDER BY next_at, id LIMIT ?
        """
      ) { select throws(SQLiteError) in
        try select.bind(1, cursor?.at ?? .distantPast)
        try select.bind(2, cursor?.trigger.uuid ?? .zero)
        try select.bind(3, through)
        try select.bind(4, limit)
      }
      return try Queries.all(select) { row throws(StoreError) in
        guard let id = row.uuid(1) else { throw .damaged("a trigger") }
        return DueTrigger(at: row.time(0), trigger: TriggerID(id))
      }
    }
  }

  package func readySlots(
    _ queue: QueueKey,
    readyBy: Timestamp,
    limit: Int
  ) async throws(StoreError) -> [ReadySlot] {
    try await readSettled { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT s.task, s.shard, s.rank, first.template
          FROM slots s JOIN slots first ON first.number = s.number - s.shard
          WHERE s.queue = (SELECT number FROM queues WHERE namespace = ? AND handler = ?)
            AND s.place = 0 AND (s.delayed_until IS NULL OR s.delayed_until <= ?)
          ORDER BY s.rank, s.number LIMIT ?
        """
      ) { select throws(SQLiteError) in
        try select.bind(1, queue.namespace)
        try select.bind(2, queue.handler)
        try select.bind(3, readyBy)
        try select.bind(4, limit)
      }
      return try Queries.all(select) { row throws(StoreError) in
        try session.readySlot(row, from: 0)
      }
    }
  }

  package func liveQueues() async throws(StoreError) -> [QueueKey] {
    try await readSettled { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT namespace, handler FROM queues
          WHERE EXISTS (SELECT 1 FROM slots WHERE slots.queue = queues.number AND slots.place = 0)
            OR number IN (SELECT queue FROM slots WHERE place IN (1, 2))
        """
      )
      return try Queries.all(select) { row in
        QueueKey(namespace: row.text(0) ?? "", handler: row.text(1) ?? "")
      }
    }
  }

  package func delayedSlots(
    after cursor: DelayedSlot?,
    through: Timestamp,
    limit: Int
  ) async throws(StoreError) -> [DelayedSlot] {
    try await readDelayed { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT s.delayed_until, s.task, s.shard, s.rank, first.template
          FROM slots s JOIN slots first ON first.number = s.number - s.shard
          WHERE s.delayed_until IS NOT NULL
            AND (s.delayed_until, s.number) > (?, ?) AND s.delayed_until <= ?
          ORDER BY s.delayed_until, s.number LIMIT ?
        """
      ) { select throws(SQLiteError) in
        try select.bind(1, cursor?.at ?? .distantPast)
        try select.bind(2, cursor?.slot.id.number ?? -1)
        try select.bind(3, through)
        try select.bind(4, limit)
      }
      return try Queries.all(select) { row throws(StoreError) in
        DelayedSlot(at: row.time(0), slot: try session.readySlot(row, from: 1))
      }
    }
  }

  package func slotsInHand() async throws(StoreError) -> [SlotInHand] {
    try await readSettled { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT task, shard, body, x'', NULL, deadline FROM slots
          WHERE place IN (1, 2) AND place = 1 ORDER BY number
        """
      )
      return try Queries.all(select) { row throws(StoreError) in
        guard let id = row.uuid(0).map({ TaskID($0) }), let task = try session.task(id) else {
          throw .damaged("a task in hand")
        }
        return SlotInHand(slot: try row.slotRow(of: id, from: 1).slot, task: task)
      }
    }
  }

  package func overdueSlots(
    at now: Timestamp,
    limit: Int
  ) async throws(StoreError) -> [SlotCommand] {
    try await readSettled { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT task, shard, body, x'', NULL, deadline FROM slots
          WHERE deadline IS NOT NULL AND deadline <= ? ORDER BY deadline, number LIMIT ?
        """
      ) { select throws(SQLiteError) in
        try select.bind(1, now)
        try select.bind(2, limit)
      }
      return try Queries.all(select) { row throws(StoreError) -> SlotCommand? in
        guard let id = row.uuid(0).map({ TaskID($0) }), let task = try session.task(id) else {
          throw .damaged("an overdue task")
        }
        return SlotCommand(overdue: try row.slotRow(of: id, from: 1), of: task, at: now)
      }.compactMap(\.self)
    }
  }

  package func onlineTriggers(
    after cursor: TriggerID?,
    limit: Int
  ) async throws(StoreError) -> [Trigger] {
    try await readers.read { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT id, namespace, name, revision, created_at, updated_at, state, definition
          FROM triggers WHERE online = 1 AND id > ? ORDER BY id LIMIT ?
        """
      ) { select throws(SQLiteError) in
        try select.bind(1, cursor?.uuid ?? .zero)
        try select.bind(2, limit)
      }
      return try Queries.all(select) { row throws(StoreError) in try row.trigger() }
    }
  }
}

extension ReadSession {
  /// Columns: task, shard, rank, template.
  func readySlot(_ row: Statement, from column: Int) throws(StoreError) -> ReadySlot {
    guard let task = row.uuid(column) else { throw .damaged("a slot") }
    return ReadySlot(
      id: SlotID(task: TaskID(task), shard: row.int(column + 1)),
      order: row.int64(column + 2),
      template: try template(row.int64(column + 3))
    )
  }
}

extension Timestamp {
  static let distantPast = Timestamp(microseconds: .min)
}

extension UUIDv7 {
  static let zero = UUIDv7(high: 0, low: 0)
}
