import Engine
import PlatformSQLite
import Store

/// Bringing rows up to date with the slots in memory.
extension SQLiteLedger {
  /// Settles every slot: before slots are looked for in the database.
  func settle() throws(StoreError) {
    try settle(limit: .max)
  }

  /// Whether the index of slots that wait for their time lacks one, or has one too many.
  var isDelayBehind: Bool {
    live.containsUnsettled { entry in
      entry.stored?.delayedUntil != nil || entry.row.delayedUntil(at: now) != nil
    }
  }

  /// Settles the next `limit` slots in line.
  func settle(limit: Int) throws(StoreError) {
    guard limit > 0, live.unsettledCount > 0 else { return }
    try live.settle(limit: limit) { entry throws(StoreError) in
      let columns = SlotColumns(of: entry, at: now)
      try translated { () throws(SQLiteError) in try store(entry, columns) }
      return columns
    }
  }

  /// How many are settled along with the open transaction: none while few are behind, else more than
  /// it has changed.
  var slice: Int {
    let excess = live.unsettledCount - configuration.unsettledSlots
    return min(max(excess, 0), 2 * live.changeCount + 256)
  }

  private func store(_ entry: KeptSlot, _ columns: SlotColumns) throws(SQLiteError) {
    guard let stored = entry.stored else { return try insert(entry, columns) }
    if columns == stored {
      try updateQuietly(entry)
    } else if columns.delayedUntil == stored.delayedUntil, columns.deadline == stored.deadline {
      try update(entry, place: columns.place)
    } else {
      try update(entry, columns)
    }
  }

  private func insert(_ entry: KeptSlot, _ columns: SlotColumns) throws(SQLiteError) {
    let task = entry.task
    let shard = entry.row.slot.id.shard
    let isFirst = shard == 0
    let insert =
      isFirst
      ? try connection.cached(
        """
        INSERT INTO slots
          (number, task, shard, place, queue, rank, delayed_until, deadline, ended_at, body, history,
            result, template, origin, nominal_at, manual, created_at, param, missed, rerun_of, shards)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
      )
      : try connection.cached(
        """
        INSERT INTO slots
          (number, task, shard, place, queue, rank, delayed_until, deadline, ended_at, body, history,
            result)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
      )
    try insert.bind(1, entry.number)
    try insert.bind(2, task.id.uuid)
    try insert.bind(3, shard)
    try insert.bind(4, columns.place)
    try insert.bind(5, try queue(task.template))
    try insert.bind(6, task.order)
    try insert.bind(7, columns.delayedUntil)
    try insert.bind(8, columns.deadline)
    try insert.bind(9, entry.endedAt)
    try insert.bind(10, entry.row.slot.bytes)
    try insert.bind(11, entry.row.history.bytes)
    try insert.bind(12, entry.row.result)
    if isFirst { try bind(task, insert, at: 13) }
    try write(insert)
  }

  /// What the first slot says of its task.
  private func bind(
    _ task: TaskRecord,
    _ insert: Statement,
    at index: Int
  ) throws(SQLiteError) {
    try insert.bind(index, task.template.number)
    try insert.bind(index + 1, task.template.value.trigger?.id.uuid)
    try insert.bind(index + 2, task.nominalAt)
    if task.template.value.trigger == nil {
      try insert.bindNull(index + 3)
    } else if task.isManual {
      try insert.bind(index + 3, task.id.uuid)
    } else {
      try insert.bind(index + 3, [] as [UInt8])
    }
    try insert.bind(index + 4, task.createdAt)
    try insert.bind(index + 5, task.ownParam)
    try insert.bind(index + 6, task.missed)
    try insert.bind(index + 7, task.rerunOf?.uuid)
    try insert.bind(index + 8, task.template.value.shardCount)
  }

  /// Leaves all indexes as they are.
  private func updateQuietly(_ entry: KeptSlot) throws(SQLiteError) {
    let update = try connection.cached(
      "UPDATE slots SET body = ?, history = ?, result = ? WHERE number = ?"
    )
    try bindContent(entry, update)
    try update.bind(4, entry.number)
    try write(update)
  }

  private func update(_ entry: KeptSlot, place: Int) throws(SQLiteError) {
    let update = try connection.cached(
      """
      UPDATE slots SET body = ?, history = ?, result = ?, place = ?,
        ended_at = coalesce(ended_at, ?)
        WHERE number = ?
      """
    )
    try bindContent(entry, update)
    try update.bind(4, place)
    try update.bind(5, entry.endedAt)
    try update.bind(6, entry.number)
    try write(update)
  }

  private func update(_ entry: KeptSlot, _ columns: SlotColumns) throws(SQLiteError) {
    let update = try connection.cached(
      """
      UPDATE slots SET body = ?, history = ?, result = ?, place = ?,
        ended_at = coalesce(ended_at, ?), delayed_until = ?, deadline = ? WHERE number = ?
      """
    )
    try bindContent(entry, update)
    try update.bind(4, columns.place)
    try update.bind(5, entry.endedAt)
    try update.bind(6, columns.delayedUntil)
    try update.bind(7, columns.deadline)
    try update.bind(8, entry.number)
    try write(update)
  }

  private func bindContent(_ entry: KeptSlot, _ update: Statement) throws(SQLiteError) {
    try update.bind(1, entry.row.slot.bytes)
    try update.bind(2, entry.row.history.bytes)
    try update.bind(3, entry.row.result)
  }
}
