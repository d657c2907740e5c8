import Engine
import PlatformSQLite
package import Store

/// The list of tasks, newest first. Each filter has an index that leads to few others.
extension SQLiteStore {
  package func tasks(
    _ filter: TaskFilter,
    _ page: PageRequest
  ) async throws(StoreError) -> Page<TaskDetail> {
    let before = try Cursor.number(page.cursor) ?? .max
    return try await readSettled { session throws(StoreError) in
      try session.tasks(filter, before: before, limit: page.boundedLimit)
    }
  }
}

extension ReadSession {
  /// At most this many rows are looked at for one page.
  private static let scanBound = 20_000

  /// `before` is the number of the first slot of the last task on the page before.
  func tasks(
    _ filter: TaskFilter,
    before: Int64,
    limit: Int
  ) throws(StoreError) -> Page<TaskDetail> {
    let candidates = try candidates(filter, before: before)
    defer { candidates.reset() }
    var found: [TaskDetail] = []
    var last = before
    for _ in 0..<ReadSession.scanBound {
      guard try Queries.step(candidates) else { return Page(elements: found, next: nil) }
      let first = candidates.int64(0)
      guard first < last else { continue }  // Another shard of the same task.
      if found.count == limit { break }  // There is at least one more.
      last = first
      guard let detail = try detail(first, filter) else { continue }
      found.append(detail)
    }
    return Page(elements: found, next: Cursor.bytes(last))
  }

  /// The task whose first slot has this number, if it belongs in the list.
  private func detail(_ first: Int64, _ filter: TaskFilter) throws(StoreError) -> TaskDetail? {
    let select = try prepare("SELECT task, template FROM slots WHERE number = ?") {
      select throws(SQLiteError) in try select.bind(1, first)
    }
    let task = try Queries.first(select) { row throws(StoreError) -> TaskID? in
      guard let id = row.uuid(0) else { throw .damaged("a task") }
      return filter.admits(try template(row.int64(1)).value) ? TaskID(id) : nil
    }
    guard let id = task ?? nil, let detail = try detail(id) else { return nil }
    return filter.state.map { $0 == detail.state } ?? true ? detail : nil
  }

  /// The numbers of first slots of tasks among which the wanted ones are, newest first.
  private func candidates(
    _ filter: TaskFilter,
    before: Int64
  ) throws(StoreError) -> Statement {
    switch filter.state {
    case .waitingToRun, .running:
      try prepare(
        """
        SELECT number - shard FROM slots
          WHERE place IN (1, 2) AND place = 1 AND number < ? ORDER BY number DESC
        """
      ) { select throws(SQLiteError) in try select.bind(1, before) }
    case .faulted:
      try prepare(
        """
        SELECT number - shard FROM slots
          WHERE place >= 4 AND place = 4 AND number < ? ORDER BY number DESC
        """
      ) { select throws(SQLiteError) in try select.bind(1, before) }
    case .canceled:
      try prepare(
        """
        SELECT number - shard FROM slots
          WHERE place >= 4 AND place = 5 AND number < ? ORDER BY number DESC
        """
      ) { select throws(SQLiteError) in try select.bind(1, before) }
    case .created:
      try created(before: before)
    case .runToCompletion, nil:
      try any(of: filter.trigger, before: before)
    }
  }

  /// The waiting and the held; sorted, since they are in line by other things than age.
  private func created(before: Int64) throws(StoreError) -> Statement {
    try prepare(
      """
      SELECT number - shard FROM slots WHERE number IN
          (SELECT number FROM slots WHERE place = 0 AND number < ?1
            UNION ALL SELECT number FROM slots
              WHERE place IN (1, 2) AND place = 2 AND number < ?1
            ORDER BY number DESC LIMIT ?2)
        ORDER BY number DESC
      """
    ) { select throws(SQLiteError) in
      try select.bind(1, before)
      try select.bind(2, ReadSession.scanBound + 1)
    }
  }

  private func any(of trigger: TriggerID?, before: Int64) throws(StoreError) -> Statement {
    guard let trigger else {
      return try prepare(
        "SELECT number FROM slots WHERE number < ? AND shard = 0 ORDER BY number DESC"
      ) { select throws(SQLiteError) in try select.bind(1, before) }
    }
    return try prepare(
      "SELECT number FROM fires WHERE origin = ? AND number < ? ORDER BY number DESC"
    ) { select throws(SQLiteError) in
      try select.bind(1, trigger.uuid)
      try select.bind(2, before)
    }
  }
}
