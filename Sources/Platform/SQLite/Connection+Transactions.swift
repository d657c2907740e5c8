internal import CSQLite

/// The statements every transaction needs, compiled when the connection opens.
struct TransactionStatements {
  let begin: Statement
  let commit: Statement
  let rollback: Statement
  let setSavepoint: Statement
  let releaseSavepoint: Statement
  let rollbackToSavepoint: Statement

  init(handle: OpaquePointer) throws(SQLiteError) {
    begin = try unsafe Statement(handle: handle, sql: "BEGIN IMMEDIATE")
    commit = try unsafe Statement(handle: handle, sql: "COMMIT")
    rollback = try unsafe Statement(handle: handle, sql: "ROLLBACK")
    // One name is enough: savepoints nest, and the innermost of that name is meant.
    setSavepoint = try unsafe Statement(handle: handle, sql: "SAVEPOINT nested")
    releaseSavepoint = try unsafe Statement(handle: handle, sql: "RELEASE nested")
    rollbackToSavepoint = try unsafe Statement(handle: handle, sql: "ROLLBACK TO nested")
  }
}

extension Connection {
  /// Whether a transaction is open.
  package var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

  /// Opens a transaction that may write, waiting for the writers before it.
  package borrowing func begin() throws(SQLiteError) {
    try transactions.begin.run()
  }

  /// Makes the transaction durable. When that throws, it may still be open: roll back.
  package borrowing func commit() throws(SQLiteError) {
    try transactions.commit.run()
  }

  /// Takes back the open transaction; does nothing when SQLite already has, as a full disk makes it.
  package borrowing func rollback() throws(SQLiteError) {
    guard isInTransaction else { return }
    try transactions.rollback.run()
  }

  /// Runs `body` in a transaction that is committed when it returns and taken back when it throws.
  ///
  /// Throws what `body` throws, or the `SQLiteError` of beginning or committing.
  package borrowing func transaction<Result>(_ body: () throws -> Result) throws -> Result {
    try begin()
    do {
      let result = try body()
      try commit()
      return result
    } catch {
      try? rollback()  // The first error is the one that says what went wrong.
      throw error
    }
  }

  /// Runs `body` so that its writes can be taken back without those before it. Savepoints nest.
  ///
  /// Inside a transaction nothing is durable before the commit; outside one, the outermost
  /// savepoint is itself a transaction.
  package borrowing func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
    try transactions.setSavepoint.run()
    do {
      let result = try body()
      try transactions.releaseSavepoint.run()
      return result
    } catch {
      try? abandonSavepoint()
      throw error
    }
  }

  private borrowing func abandonSavepoint() throws(SQLiteError) {
    guard isInTransaction else { return }
    try transactions.rollbackToSavepoint.run()
    try transactions.releaseSavepoint.run()
  }
}
