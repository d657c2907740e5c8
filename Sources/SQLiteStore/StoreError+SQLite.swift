import PlatformSQLite
import Store

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension StoreError {
  /// Translates what SQLite reports.
  init(_ error: SQLiteError) {
    switch error.code {
    case .full:
      self.init(.unavailable, "the disk is full", cause: error)
    case .corrupt, .notADatabase:
      self.init(.corrupt, "the database is damaged: \(error.message)", cause: error)
    case .constraint:
      self.init(.conflict, "such a row exists already", cause: error)
    case .busy:
      self.init(.unavailable, "another process is writing to the database", cause: error)
    case .ioError, .readOnly, .cannotOpen, .interrupted, .other:
      self.init(.unavailable, "the database cannot be used: \(error.message)", cause: error)
    }
  }

  /// Whether the transaction as a whole is lost, and not just one operation in it.
  var dooms: Bool {
    guard let error = cause as? SQLiteError else { return false }
    return error.code != .constraint
  }

  /// A row whose bytes make no sense.
  static func damaged(_ what: String) -> StoreError {
    StoreError(.corrupt, "the database is damaged: \(what) cannot be read")
  }
}

/// Runs SQL and translates its errors.
func translated<Result: ~Copyable>(
  _ body: () throws(SQLiteError) -> Result
) throws(StoreError) -> Result {
  do throws(SQLiteError) {
    return try body()
  } catch {
    throw StoreError(error)
  }
}

extension SQLiteStoreConfiguration {
  /// Says why on the standard error output and ends the process with status 1.
  static let endProcess: @Sendable (String) -> Void = { reason in
    try? FileDescriptorOutput.standardError("tompion: \(reason)\n")
    exit(1)
  }
}

/// Writes to the process's own outputs, past all buffers.
private enum FileDescriptorOutput {
  static func standardError(_ text: String) throws {
    let bytes = Array(text.utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
