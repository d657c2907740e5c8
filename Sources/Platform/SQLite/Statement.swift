internal import CSQLite

/// One compiled statement, finalised when its last owner lets it go.
///
/// Made once and kept: bind the parameters, run it, bind again. A class, so that structs, arrays and
/// dictionaries can hold dozens of them. Not `Sendable`; it stays with its connection.
@safe package final class Statement {
  let handle: OpaquePointer
  let parameters: ParameterMemory
  /// The number of columns a row has; 0 for a statement that returns none.
  package let columnCount: Int
  /// Whether `step` found a row, whose columns can be read now.
  package var hasRow: Bool { unsafe isOnRow }
  /// Only read and written whole, so checking that accesses never overlap would be time lost.
  @exclusivity(unchecked) private var isOnRow = false

  init(handle connection: OpaquePointer, sql: String) throws(SQLiteError) {
    unsafe handle = try Self.compile(sql, on: connection)
    columnCount = unsafe Int(sqlite3_column_count(handle))
    parameters = unsafe ParameterMemory(count: Int(sqlite3_bind_parameter_count(handle)))
  }

  deinit { unsafe sqlite3_finalize(handle) }

  /// The SQL it was compiled from.
  package var sql: String {
    unsafe sqlite3_sql(handle).map { unsafe String(cString: $0) } ?? ""
  }

  /// Moves to the next row. When none is left, returns `false` and is ready to be run again.
  package func step() throws(SQLiteError) -> Bool {
    let code = unsafe sqlite3_step(handle)
    if code == SQLITE_ROW {
      unsafe isOnRow = true
      return true
    }
    guard code == SQLITE_DONE else {
      let error = failure(code)
      reset()
      throw error
    }
    reset()
    return false
  }

  /// Runs to the end, dropping whatever rows are returned.
  package func run() throws(SQLiteError) {
    while try step() {}
  }

  /// Leaves the current row, ready to be bound and run again. Bound values stay.
  package func reset() {
    unsafe isOnRow = false
    unsafe sqlite3_reset(handle)  // Repeats the error of the last step, which was thrown then.
  }

  /// Calls `body` on each row in turn, and resets however that ends.
  package func forEachRow(_ body: (Statement) throws -> Void) throws {
    defer { reset() }
    while try step() { try body(self) }
  }

  func failure(_ code: Int32) -> SQLiteError {
    unsafe SQLiteError(code: code, on: sqlite3_db_handle(handle), sql: sql)
  }
}

extension Statement {
  private static func compile(
    _ sql: String,
    on connection: OpaquePointer
  ) throws(SQLiteError) -> OpaquePointer {
    var compiled: OpaquePointer?
    var sql = sql
    let (code, rest) = sql.withUTF8 { text in
      unsafe compile(UnsafeRawBufferPointer(text), on: connection, into: &compiled)
    }
    guard code == SQLITE_OK else {
      throw unsafe SQLiteError(code: code, on: connection, sql: sql)
    }
    guard let handle = unsafe compiled, rest.isEmpty else {
      unsafe sqlite3_finalize(compiled)
      let message = rest.isEmpty ? "no statement" : "more than one statement"
      throw SQLiteError(extendedCode: SQLITE_MISUSE, message: message, sql: sql)
    }
    return unsafe handle
  }

  /// The result code, and what follows the first statement apart from white space.
  private static func compile(
    _ text: UnsafeRawBufferPointer,
    on connection: OpaquePointer,
    into compiled: inout OpaquePointer?
  ) -> (code: Int32, rest: String) {
    let start = unsafe text.baseAddress?.assumingMemoryBound(to: CChar.self)
    let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
    var tail: UnsafePointer<CChar>?
    let length = Int32(clamping: text.count)
    let code = unsafe sqlite3_prepare_v3(connection, start, length, flags, &compiled, &tail)
    guard let start = unsafe start, let tail = unsafe tail else { return (code, "") }
    let rest = unsafe String(decoding: text[(tail - start)...], as: UTF8.self)
    return (code, String(rest.drop { $0.isWhitespace }))
  }
}
