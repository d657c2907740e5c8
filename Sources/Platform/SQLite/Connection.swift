internal import CSQLite

/// One open database, closed when its owner lets it go.
///
/// Not `Sendable`: an actor or a thread keeps it, together with its statements. Letting go of the
/// connection before its statements is fine; the file closes with the last of them.
@safe package struct Connection: ~Copyable {
  package enum Mode: Sendable {
    /// Reads and writes, and creates the file if it is absent.
    case readWriteCreate
    /// Only reads; the file must exist.
    case readOnly
  }

  let handle: OpaquePointer
  let transactions: TransactionStatements
  let cache: StatementCache
  /// Stops whatever the connection is doing, from any thread.
  package let interrupter: Interrupter

  /// Opens the database at `path`; `":memory:"` is one that nobody else sees.
  ///
  /// - Parameter busyTimeout: How long a call waits for another connection's lock before it throws
  ///   `.busy`. Rounded to milliseconds.
  package init(
    path: String,
    mode: Mode = .readWriteCreate,
    busyTimeout: Duration = .seconds(5)
  ) throws(SQLiteError) {
    let handle = try unsafe Self.open(path: path, mode: mode)
    let prepared: TransactionStatements
    do throws(SQLiteError) {
      prepared = try unsafe TransactionStatements(handle: handle)
    } catch {
      unsafe sqlite3_close_v2(handle)
      throw error
    }
    let milliseconds = Int32(min(max(busyTimeout / .milliseconds(1), 0), 2_000_000_000))
    unsafe sqlite3_busy_timeout(handle, milliseconds)
    unsafe self.handle = handle
    transactions = prepared
    cache = StatementCache()
    interrupter = unsafe Interrupter(handle: handle)
  }

  deinit {
    interrupter.invalidate()
    unsafe sqlite3_close_v2(handle)  // Lives on, unseen, until the last statement is finalised.
  }

  /// Settings for all connections, made before the first.
  private static let prepared: Void = tompion_sqlite3_without_statistics()

  private static func open(path: String, mode: Mode) throws(SQLiteError) -> OpaquePointer {
    _ = prepared
    guard !path.utf8.contains(0) else {
      throw SQLiteError(extendedCode: SQLITE_CANTOPEN, message: "the path contains a NUL byte")
    }
    var opened: OpaquePointer?
    let access =
      switch mode {
      case .readWriteCreate: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      case .readOnly: SQLITE_OPEN_READONLY
      }
    // One thread at a time is what isolation promises, so SQLite need not lock as well.
    let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
    guard code == SQLITE_OK, let handle = unsafe opened else {
      defer { unsafe sqlite3_close_v2(opened) }  // A failed open still hands out a handle.
      throw unsafe SQLiteError(code: code, on: opened)
    }
    return unsafe handle
  }
}

extension Connection {
  /// Runs every statement of `script`, dropping the rows they return.
  ///
  /// Statements before a failing one have taken effect, unless a transaction surrounds the script.
  package borrowing func execute(_ script: String) throws(SQLiteError) {
    let code = unsafe sqlite3_exec(handle, script, nil, nil, nil)
    guard code == SQLITE_OK else { throw unsafe SQLiteError(code: code, on: handle, sql: script) }
  }

  /// Compiles one statement, to be kept and run many times.
  package borrowing func prepare(_ sql: String) throws(SQLiteError) -> Statement {
    try unsafe Statement(handle: handle, sql: sql)
  }

  /// The statement compiled from `sql`, prepared the first time and kept from then on.
  ///
  /// A statement still standing on a row is left alone: the caller gets one of its own instead.
  package borrowing func cached(_ sql: StaticString) throws(SQLiteError) -> Statement {
    try unsafe cache.statement(for: sql, on: handle)
  }

  /// How many rows the last `INSERT`, `UPDATE` or `DELETE` touched.
  package var changes: Int { unsafe Int(sqlite3_changes64(handle)) }

  /// The row id of the last successful `INSERT`, or 0 when there was none.
  package var lastInsertRowID: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

  /// The version of the SQLite library in use, such as `3.40.1`.
  package static var libraryVersion: String { unsafe String(cString: sqlite3_libversion()) }
}
