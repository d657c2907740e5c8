import Engine
import PlatformSQLite
import Store

extension SQLiteLedger {
  /// Adds the page of this commit, and drops pages that are older than anybody needs.
  ///
  /// The page also says how far the rows are behind.
  func writePage() throws(SQLiteError) {
    guard live.changeCount > 0 || liveTriggers.hasChanged else { return try noteProgress() }
    var page: [UInt8] = []
    page.reserveCapacity(live.changeCount * 256 + liveTriggers.changeCount * 64)
    live.forEachChanged { CommitPage.append($0, to: &page) }
    liveTriggers.forEachChanged { CommitPage.append($1, of: $0, to: &page) }
    counters.page += 1
    let insert = try connection.cached(
      """
      INSERT INTO journal (page, first_sequence, last_sequence, at, settled, entries)
        VALUES (?, ?, ?, ?, ?, ?)
      """
    )
    try insert.bind(1, counters.page)
    try insert.bind(2, commit.changes.first?.sequence)
    try insert.bind(3, commit.changes.last?.sequence)
    try insert.bind(4, now)
    try insert.bind(5, settledThrough)
    try insert.bind(6, page)
    try write(insert)
    try dropPages()
  }

  /// Says how far the rows are behind, when there is no page to say it.
  private func noteProgress() throws(SQLiteError) {
    guard live.hasSettled || liveTriggers.hasSettled else { return }
    let note = try connection.cached(
      "INSERT OR REPLACE INTO meta (name, value) VALUES ('settled', ?)"
    )
    try note.bind(1, settledThrough)
    try write(note)
  }

  /// Now and then, so that most commits are spared it.
  private func dropPages() throws(SQLiteError) {
    guard counters.page.isMultiple(of: 64) else { return }
    let delete = try connection.cached(
      """
      DELETE FROM journal WHERE page IN
        (SELECT page FROM (SELECT page, last_sequence FROM journal ORDER BY page LIMIT 128)
          WHERE page <= ? AND coalesce(last_sequence, 0) < ?)
      """
    )
    try delete.bind(1, settledThrough)
    try delete.bind(2, lastSequence - Int64(configuration.journalBound))
    try write(delete)
  }

  // MARK: After a start

  /// Brings rows up to date that were behind when the process ended.
  func recover() throws(StoreError) {
    let settled = counters.settled
    guard settled < counters.page else { return }
    try begin(carefully: false)
    do throws(StoreError) {
      for page in try pages(after: settled) { try redo(page) }
      try settle()
      // No page: its moves were told of when they were made.
      try translated { () throws(SQLiteError) in
        try noteProgress()
        try connection.commit()
      }
      finished()
    } catch {
      abandon()
      throw error
    }
  }

  private func pages(after number: Int64) throws(StoreError) -> [[UInt8]] {
    let select = try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        "SELECT entries FROM journal WHERE page > ? ORDER BY page"
      )
      try select.bind(1, number)
      return select
    }
    return try Queries.all(select) { $0.blob(0) ?? [] }
  }

  private func redo(_ page: [UInt8]) throws(StoreError) {
    guard let page = CommitPage(page) else { throw .damaged("a page of the journal") }
    for delta in page.slots { try redo(delta) }
    for delta in page.triggers {
      guard var trigger = try trigger(delta.trigger) else { continue }
      liveTriggers.change(delta.trigger, to: delta.state, before: trigger.state)
      trigger.state = delta.state
      triggers.keep(trigger)
    }
  }

  /// The row may have the change already, as it is settled by itself and not with its page.
  private func redo(_ delta: CommitPage.Delta) throws(StoreError) {
    let id = delta.slot.id
    guard let entry = try slot(id) else {
      guard delta.isNew else { return }  // The task was dropped since.
      let row = SlotRow(
        slot: delta.slot,
        history: SlotHistory(bytes: delta.entries),
        result: delta.result,
        deadline: delta.deadline
      )
      return try insert(row, of: try task(of: delta))
    }
    if delta.isNew { try noteFire(of: entry.task, shard: id.shard) }
    change(entry) { row in
      row.slot = delta.slot
      row.result = delta.result ?? row.result
      row.deadline = delta.deadline
      // A row that was settled in the midst of the commit has the first of them.
      let missing = delta.historyCount + delta.entries.count - row.history.bytes.count
      guard missing > 0, missing <= delta.entries.count else { return }
      row.history.append(packed: delta.entries.suffix(missing))
    }
    if entry.endedAt != nil { entry.endedAt = entry.row.history.lastMoveAt }
  }

  private func task(of delta: CommitPage.Delta) throws(StoreError) -> TaskRecord {
    let id = delta.slot.id.task
    guard let record = delta.record else {
      guard let task = try task(id) else { throw .damaged("the first slot of \(id)") }
      return task
    }
    return TaskRecord(
      id: id,
      template: try template(delta.template),
      nominalAt: record.nominalAt,
      createdAt: record.createdAt,
      ownParam: record.ownParam,
      isManual: record.isManual,
      missed: record.missed,
      rerunOf: record.rerunOf
    )
  }
}
