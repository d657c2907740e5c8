internal import CSQLite

/// Why SQLite could not do what it was asked.
package struct SQLiteError: Error {
  package enum Code: Sendable, Hashable {
    /// Another connection holds the lock, and the busy timeout has passed. Trying again may succeed.
    case busy
    /// The disk, or the file's page limit, is full.
    case full
    /// The operating system failed to read, write or sync.
    case ioError
    /// The file's pages contradict one another.
    case corrupt
    /// A `UNIQUE`, `NOT NULL`, `CHECK` or foreign key constraint was violated.
    case constraint
    /// The connection, the file or its directory does not allow writing.
    case readOnly
    /// The file could not be opened or created.
    case cannotOpen
    /// The file is something other than a database, or an encrypted one.
    case notADatabase
    /// Somebody called `interrupt()`.
    case interrupted
    /// Any other primary result code of SQLite.
    case other(Int32)
  }

  package let code: Code
  /// SQLite's extended result code; its low byte is the primary code.
  package let extendedCode: Int32
  package let message: String
  /// The statement in question, at most 500 characters of it; `nil` when there was none.
  package let sql: String?

  package init(extendedCode: Int32, message: String, sql: String? = nil) {
    code = Code(primary: extendedCode & 0xff)
    self.extendedCode = extendedCode
    self.message = message
    self.sql = sql.map { String($0.prefix(500)) }
  }
}

extension SQLiteError {
  /// Whether data handed to the disk may be lost although it was written.
  ///
  /// After a failed `fsync` the kernel may have dropped the dirty pages, so that trying again would
  /// succeed without the data being there. The only safe answer is to stop using this connection.
  package var isSyncFailure: Bool {
    switch extendedCode {
    case Extended.fsync, Extended.directoryFsync, Extended.commitAtomic: true
    default: false
    }
  }

  /// Whether the row collides with an existing one in a unique index or the primary key.
  package var isUniqueViolation: Bool {
    switch extendedCode {
    case Extended.unique, Extended.primaryKey, Extended.rowID: true
    default: false
    }
  }

  /// The extended codes told apart here; the C header composes them by macros Swift cannot read.
  private enum Extended {
    static let fsync = SQLITE_IOERR | 4 << 8
    static let directoryFsync = SQLITE_IOERR | 5 << 8
    static let commitAtomic = SQLITE_IOERR | 30 << 8
    static let primaryKey = SQLITE_CONSTRAINT | 6 << 8
    static let unique = SQLITE_CONSTRAINT | 8 << 8
    static let rowID = SQLITE_CONSTRAINT | 10 << 8
  }
}

extension SQLiteError.Code {
  fileprivate init(primary: Int32) {
    self =
      switch primary {
      case SQLITE_BUSY, SQLITE_LOCKED: .busy
      case SQLITE_FULL: .full
      case SQLITE_IOERR: .ioError
      case SQLITE_CORRUPT: .corrupt
      case SQLITE_CONSTRAINT: .constraint
      case SQLITE_READONLY: .readOnly
      case SQLITE_CANTOPEN: .cannotOpen
      case SQLITE_NOTADB: .notADatabase
      case SQLITE_INTERRUPT: .interrupted
      default: .other(primary)
      }
  }
}

extension SQLiteError: CustomStringConvertible {
  package var description: String {
    let statement = sql.map { " in \($0)" } ?? ""
    return "SQLite error \(extendedCode): \(message)\(statement)"
  }
}

extension SQLiteError {
  /// What the connection behind `handle` reports about the call that returned `code`.
  init(code: Int32, on handle: OpaquePointer?, sql: String? = nil) {
    // The connection's own extended code is finer than what a call on an older handle returned,
    // but only when it speaks of the same failure: misuse, say, leaves it untouched.
    let recorded = unsafe handle.map { unsafe sqlite3_extended_errcode($0) } ?? code
    guard recorded & 0xff == code & 0xff, let text = unsafe sqlite3_errmsg(handle) else {
      let text = unsafe sqlite3_errstr(code).map { unsafe String(cString: $0) }
      self.init(extendedCode: code, message: text ?? "unknown error", sql: sql)
      return
    }
    unsafe self.init(extendedCode: recorded, message: String(cString: text), sql: sql)
  }
}
