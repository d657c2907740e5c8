import Engine
import PlatformSQLite
import Store

/// Bringing rows up to date with the slots in memory.
/// How much is settled at once.
struct SettlingLimits {
  var slots: Int
  var triggers: Int

  static let everything = SettlingLimits(slots: .max, triggers: .max)
}

/// Rows become what slots and triggers are in memory.
extension SQLiteLedger {
  /// Settles everything: before rows are looked for in the database.
  func settle() throws(StoreError) {
    try settle(.everything)
  }

  /// Settles those next in line.
  func settle(_ limits: SettlingLimits) throws(StoreError) {
    if limits.slots > 0, live.unsettledCount > 0 {
      try live.settle(limit: limits.slots) { entry throws(StoreError) in
        let columns = SlotColumns(of: entry, at: now)
        try translated { () throws(SQLiteError) in try store(entry, columns) }
        return columns
      }
    }
    if limits.triggers > 0, liveTriggers.unsettledCount > 0 {
      try liveTriggers.settle(limit: limits.triggers) { entry throws(StoreError) in
        try translated { () throws(SQLiteError) in try store(entry) }
      }
    }
  }

  /// How many are settled along with the open transaction.
  var slices: SettlingLimits {
    SettlingLimits(
      slots: slotSlice,
      triggers: liveTriggers.slice(roundsLast: configuration.unsettledFires / 2)
    )
  }

  /// None while few are behind, else some more than the transaction has changed: enough together to
  /// share pages of the file, and not so many that others wait for long.
  private var slotSlice: Int {
    let bound = configuration.unsettledSlots
    let excess = live.unsettledCount - bound
    return excess > min(bound, 128) ? min(excess, 128 + live.changeCount * 5 / 4) : 0
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
            result, template, nominal_at, manual, created_at, param, missed, rerun_of, shards)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
    try insert.bind(index + 1, task.nominalAt)
    try insert.bind(index + 2, task.isManual)
    try insert.bind(index + 3, task.createdAt)
    try insert.bind(index + 4, task.ownParam)
    try insert.bind(index + 5, task.missed)
    try insert.bind(index + 6, task.rerunOf?.uuid)
    try insert.bind(index + 7, task.template.value.shardCount)
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
