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
    let ahead = try await statesAhead()
    let rows = try await readers.read { session throws(StoreError) in
      try session.dueTriggers(from: cursor?.at, through: through)
    }
    let due = ahead.compactMap { id, state in
      state.nextFireAt.map { DueTrigger(at: $0, trigger: id) }
    }
    let all = (due + rows.filter { ahead[$0.trigger] == nil }).filter { due in
      due.at <= through && cursor.map { $0 < due } ?? true
    }
    return Array(all.sorted().prefix(limit))
  }

  /// What rows of triggers lack; looked at before they are read, as in `Ahead`.
  private func statesAhead() async throws(StoreError) -> [TriggerID: Trigger.State] {
    guard writer.hasUnsettled else { return [:] }
    return try await look { ledger throws(StoreError) in
      (ledger as? SQLiteLedger)?.liveTriggers.unsettledStates ?? [:]
    }
  }

  package func readySlots(
    _ queue: QueueKey,
    readyBy: Timestamp,
    limit: Int
  ) async throws(StoreError) -> [ReadySlot] {
    let ahead: Ahead<ReadySlot> = try await ahead {
      $0.place == 0
    } _: { entry in
      guard let readyAt = entry.row.slot.readyAt, readyAt <= readyBy,
        entry.task.template.value.queue == queue
      else { return nil }
      return entry.readySlot
    }
    let rows = try await readers.read { session throws(StoreError) in
      try session.readySlots(queue, readyBy: readyBy, limit: limit + ahead.outdatedCount)
    }
    let slots = ahead.merged(with: rows.map { ($0.id, $0) })
    return Array(slots.sorted { $0 < $1 }.prefix(limit))
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
    let now = writer.now
    let ahead: Ahead<DelayedSlot> = try await ahead {
      $0.delayedUntil.map { $0 <= through } ?? false
    } _: { entry in
      guard let slot = entry.delayedSlot(at: now), slot.at <= through else { return nil }
      return cursor.map { $0 < slot } ?? true ? slot : nil
    }
    let rows = try await readers.read { session throws(StoreError) in
      try session.delayedSlots(after: cursor, through: through, limit: limit + ahead.outdatedCount)
    }
    let slots = ahead.merged(with: rows.map { ($0.slot.id, $0) })
    return Array(slots.sorted { $0 < $1 }.prefix(limit))
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
    let ahead: Ahead<SlotCommand> = try await ahead {
      $0.deadline.map { $0 <= now } ?? false
    } _: { entry in
      guard let deadline = entry.row.deadline, deadline <= now else { return nil }
      return SlotCommand(overdue: entry.row, of: entry.task, at: now)
    }
    let rows = try await readers.read { session throws(StoreError) in
      try session.overdueSlots(at: now, limit: limit + ahead.outdatedCount)
    }
    return Array(ahead.merged(with: rows.map { ($0.slot, $0) }).prefix(limit))
  }

  package func onlineTriggers(
    after cursor: TriggerID?,
    limit: Int
  ) async throws(StoreError) -> [Trigger] {
    try await readSettled { session throws(StoreError) in
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
  /// Those that are due in the hours from one instant to another, by their rows.
  fileprivate func dueTriggers(
    from: Timestamp?,
    through: Timestamp
  ) throws(StoreError) -> [DueTrigger] {
    let select = try prepare(
      """
      SELECT next_at, id FROM triggers
        WHERE due_hour >= ? AND due_hour <= ? AND next_at IS NOT NULL
      """
    ) { select throws(SQLiteError) in
      try select.bind(1, from?.hour ?? .min)
      try select.bind(2, through.hour)
    }
    return try Queries.all(select) { row throws(StoreError) in
      guard let id = row.uuid(1) else { throw .damaged("a trigger") }
      return DueTrigger(at: row.time(0), trigger: TriggerID(id))
    }
  }

  fileprivate func readySlots(
    _ queue: QueueKey,
    readyBy: Timestamp,
    limit: Int
  ) throws(StoreError) -> [ReadySlot] {
    let select = try prepare(
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
    return try Queries.all(select) { row throws(StoreError) in try readySlot(row, from: 0) }
  }

  fileprivate func delayedSlots(
    after cursor: DelayedSlot?,
    through: Timestamp,
    limit: Int
  ) throws(StoreError) -> [DelayedSlot] {
    let select = try prepare(
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
      DelayedSlot(at: row.time(0), slot: try readySlot(row, from: 1))
    }
  }

  fileprivate func overdueSlots(
    at now: Timestamp,
    limit: Int
  ) throws(StoreError) -> [SlotCommand] {
    let select = try prepare(
      """
      SELECT task, shard, body, x'', NULL, deadline FROM slots
        WHERE deadline IS NOT NULL AND deadline <= ? ORDER BY deadline, number LIMIT ?
      """
    ) { select throws(SQLiteError) in
      try select.bind(1, now)
      try select.bind(2, limit)
    }
    return try Queries.all(select) { row throws(StoreError) -> SlotCommand? in
      guard let id = row.uuid(0).map({ TaskID($0) }), let task = try task(id) else {
        throw .damaged("an overdue task")
      }
      return SlotCommand(overdue: try row.slotRow(of: id, from: 1), of: task, at: now)
    }.compactMap(\.self)
  }

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

extension DelayedSlot {
  fileprivate static func < (first: DelayedSlot, second: DelayedSlot) -> Bool {
    (first.at, first.slot.id.number) < (second.at, second.slot.id.number)
  }
}

extension KeptSlot {
  fileprivate var readySlot: ReadySlot {
    ReadySlot(
      id: row.slot.id,
      order: task.order,
      template: task.template,
      paramBytes: task.ownParam?.count
    )
  }

  /// As its row would say it, were it settled at `now`.
  fileprivate func delayedSlot(at now: Timestamp) -> DelayedSlot? {
    SlotColumns(of: self, at: now).delayedUntil.map { DelayedSlot(at: $0, slot: readySlot) }
  }
}

extension Timestamp {
  static let distantPast = Timestamp(microseconds: .min)
}

extension UUIDv7 {
  static let zero = UUIDv7(high: 0, low: 0)
}
