import PlatformSQLite
import Store

extension SQLiteLedger {
  /// Adds the page of this commit, and drops pages that are older than anybody needs.
  func writeJournal() throws(SQLiteError) {
    guard let first = commit.changes.first, let last = commit.changes.last else { return }
    let insert = try connection.cached(
      "INSERT INTO journal (last_sequence, first_sequence, at, entries) VALUES (?, ?, ?, ?)"
    )
    try insert.bind(1, last.sequence)
    try insert.bind(2, first.sequence)
    try insert.bind(3, now)
    try insert.bind(4, JournalPage.bytes(of: commit.changes))
    try write(insert)
    let delete = try connection.cached(
      """
      DELETE FROM journal WHERE last_sequence IN
        (SELECT last_sequence FROM journal WHERE last_sequence < ? ORDER BY last_sequence LIMIT 2)
      """
    )
    try delete.bind(1, last.sequence - Int64(configuration.journalBound))
    try write(delete)
  }
}
