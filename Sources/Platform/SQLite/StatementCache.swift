internal import CSQLite

/// The statements a connection has compiled for SQL literals in the program.
final class StatementCache {
  /// A literal is known by its address: comparing two words beats hashing a page of SQL.
  private struct Key: Hashable {
    let address: UInt
    let length: Int
  }

  /// More literals than one program holds; a loop that got past it would be a bug, not a leak.
  static let capacity = 256

  private var statements: [Key: Statement] = [:]

  func statement(
    for sql: StaticString,
    on handle: OpaquePointer
  ) throws(SQLiteError) -> Statement {
    precondition(sql.hasPointerRepresentation, "SQL is longer than one character")
    let key = Key(address: unsafe UInt(bitPattern: sql.utf8Start), length: sql.utf8CodeUnitCount)
    if let kept = statements[key], !kept.hasRow { return kept }
    let prepared = try unsafe Statement(handle: handle, sql: sql.description)
    if statements[key] == nil, statements.count < Self.capacity { statements[key] = prepared }
    return prepared
  }
}
