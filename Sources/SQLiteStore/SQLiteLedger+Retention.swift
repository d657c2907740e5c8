import Engine
import PlatformSQLite
import Store

/// Where the search for tasks to drop goes on; a search looks at a bounded number of rows.
struct RetentionProgress {
  /// The number of the last task looked at, oldest first; 0 to begin again.
  var task: Int64 = 0
  /// The last trigger whose tasks were counted.
  var trigger: TriggerID?

  static let rowsPerSearch = 5000
  static let triggersPerSearch = 100
}

/// A task to be dropped.
private struct Condemned: Hashable {
  let task: TaskID
  let shards: Int

  /// The numbers of its rows.
  var rows: Range<Int64> { task.uuid.ordinal..<task.uuid.ordinal + Int64(shards) }
}

/// A row may be behind, but one that is final stays so: what is to be dropped can be told from rows
/// alone, also when the disk is too full to settle any.
extension SQLiteLedger {
  func dropTasks(
    endedBefore time: Timestamp,
    keepingPerTrigger: Int,
    limit: Int
  ) throws(StoreError) -> Int {
    try translated { () throws(SQLiteError) in
      var condemned = try oldTasks(endedBefore: time, limit: limit)
      if condemned.count < limit {
        let excess = try excessTasks(keepingPerTrigger, limit: limit - condemned.count)
        condemned.formUnion(excess)
      }
      for task in condemned { try delete(task) }
      try dropSkips(before: time, limit: limit)
      return condemned.count
    }
  }

  /// Final tasks that ended before `time`, the next in order of age.
  private func oldTasks(
    endedBefore time: Timestamp,
    limit: Int
  ) throws(SQLiteError) -> Set<Condemned> {
    let select = try connection.cached(
      """
      SELECT first.number, first.task, first.shards, first.shards =
          (SELECT count(*) FROM slots s
            WHERE s.number >= first.number AND s.number < first.number + first.shards
              AND place >= 3 AND ended_at < ?1)
        FROM slots first WHERE first.number > ?2 AND first.number < ?3 AND first.shard = 0
        ORDER BY first.number LIMIT ?4
      """
    )
    try select.bind(1, time)
    try select.bind(2, retention.task)
    // Numbers rise with time: what is younger is not even looked at.
    try select.bind(3, UUIDv7.firstOrdinal(at: time))
    try select.bind(4, RetentionProgress.rowsPerSearch)
    defer { select.reset() }
    var found: Set<Condemned> = []
    var rows = 0
    while found.count < limit, try select.step() {
      guard let id = select.uuid(1).map({ TaskID($0) }) else { continue }
      rows += 1
      retention.task = select.int64(0)
      if select.bool(3) { found.insert(Condemned(task: id, shards: select.int(2))) }
    }
    if found.count < limit, rows < RetentionProgress.rowsPerSearch { retention.task = 0 }
    return found
  }

  /// Final tasks beyond the newest of each trigger, for the next triggers in turn.
  private func excessTasks(_ kept: Int, limit: Int) throws(SQLiteError) -> Set<Condemned> {
    let triggers = try nextTriggers()
    var found: Set<Condemned> = []
    for trigger in triggers where found.count < limit {
      let select = try connection.cached(
        """
        SELECT slots.task, slots.shards FROM fires JOIN slots ON slots.number = fires.number
          WHERE fires.origin = ? ORDER BY fires.nominal_at DESC, fires.number DESC
          LIMIT -1 OFFSET ?
        """
      )
      try select.bind(1, trigger.uuid)
      try select.bind(2, kept)
      defer { select.reset() }
      while found.count < limit, try select.step() {
        guard let id = select.uuid(0).map({ TaskID($0) }) else { continue }
        let task = Condemned(task: id, shards: select.int(1))
        if try isFinal(task) { found.insert(task) }
      }
      retention.trigger = trigger
    }
    if triggers.count < RetentionProgress.triggersPerSearch { retention.trigger = nil }
    return found
  }

  private func nextTriggers() throws(SQLiteError) -> [TriggerID] {
    let select = try connection.cached("SELECT id FROM triggers WHERE id > ? ORDER BY id LIMIT ?")
    try select.bind(1, retention.trigger?.uuid ?? UUIDv7(high: 0, low: 0))
    try select.bind(2, RetentionProgress.triggersPerSearch)
    defer { select.reset() }
    var triggers: [TriggerID] = []
    while try select.step() {
      if let id = select.uuid(0) { triggers.append(TriggerID(id)) }
    }
    return triggers
  }

  private func isFinal(_ task: Condemned) throws(SQLiteError) -> Bool {
    let select = try connection.cached(
      "SELECT count(*) = ? FROM slots WHERE number >= ? AND number < ? AND place >= 3"
    )
    try select.bind(1, task.shards)
    try select.bind(2, task.rows.lowerBound)
    try select.bind(3, task.rows.upperBound)
    defer { select.reset() }
    return try select.step() && select.bool(0)
  }

  private func delete(_ task: Condemned) throws(SQLiteError) {
    for statement in [
      try connection.cached("DELETE FROM log_lines WHERE task = ?"),
      try connection.cached("DELETE FROM log_sizes WHERE task = ?"),
    ] {
      try statement.bind(1, task.task.uuid)
      try write(statement)
    }
    try deleteFire(task)
    let delete = try connection.cached("DELETE FROM slots WHERE number >= ? AND number < ?")
    try delete.bind(1, task.rows.lowerBound)
    try delete.bind(2, task.rows.upperBound)
    try write(delete)
    live.forget(task.task, shards: task.shards)
  }

  /// The row of a fire is found by its trigger, which the task's own row knows.
  private func deleteFire(_ task: Condemned) throws(SQLiteError) {
    let select = try connection.cached("SELECT template, nominal_at FROM slots WHERE number = ?")
    try select.bind(1, task.rows.lowerBound)
    defer { select.reset() }
    guard try select.step(), let template = try? template(select.int64(0)),
      let origin = template.value.trigger
    else { return }
    let delete = try connection.cached(
      "DELETE FROM fires WHERE origin = ? AND nominal_at = ? AND number = ?"
    )
    try delete.bind(1, origin.id.uuid)
    try delete.bind(2, select.time(1))
    try delete.bind(3, task.rows.lowerBound)
    try write(delete)
  }

  private func dropSkips(before time: Timestamp, limit: Int) throws(SQLiteError) {
    let delete = try connection.cached(
      """
      DELETE FROM skips WHERE number IN
        (SELECT number FROM (SELECT number, recorded_at FROM skips ORDER BY number LIMIT ?2)
          WHERE recorded_at < ?1)
      """
    )
    try delete.bind(1, time)
    try delete.bind(2, limit)
    try write(delete)
  }
}
