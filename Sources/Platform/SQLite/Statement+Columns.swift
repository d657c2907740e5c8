internal import CSQLite

/// Columns are counted from 0, as in SQLite's own interface, and can be read while `hasRow`.
extension Statement {
  package func isNull(_ column: Int) -> Bool {
    unsafe sqlite3_column_type(handle, position(of: column)) == SQLITE_NULL
  }

  /// The value as an integer: 0 for `NULL`, and what SQLite makes of a text or a fraction.
  package func int64(_ column: Int) -> Int64 {
    unsafe sqlite3_column_int64(handle, position(of: column))
  }

  package func optionalInt64(_ column: Int) -> Int64? {
    isNull(column) ? nil : int64(column)
  }

  /// The value as an integer: 0 for `NULL`.
  package func int(_ column: Int) -> Int {
    Int(int64(column))
  }

  /// Whether the value is a number other than 0.
  package func bool(_ column: Int) -> Bool {
    int64(column) != 0
  }

  /// The value as a number: 0 for `NULL`.
  package func double(_ column: Int) -> Double {
    unsafe sqlite3_column_double(handle, position(of: column))
  }

  /// The value as a text, or `nil` for `NULL`. Bytes that are not UTF-8 are replaced by U+FFFD.
  package func text(_ column: Int) -> String? {
    let position = position(of: column)
    guard let start = unsafe sqlite3_column_text(handle, position) else { return nil }
    let length = unsafe Int(sqlite3_column_bytes(handle, position))
    return unsafe String(
      decoding: UnsafeBufferPointer(start: start, count: length),
      as: UTF8.self
    )
  }

  /// The value's bytes, or `nil` for `NULL`.
  package func blob(_ column: Int) -> [UInt8]? {
    guard !isNull(column) else { return nil }
    return unsafe [UInt8](bytes(of: column))
  }

  /// Lends the value's bytes to `body` without copying them; none for `NULL`.
  package func withBlob<Result, Failure: Error>(
    _ column: Int,
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bytes = unsafe bytes(of: column)
    return try body(unsafe bytes.bytes)
  }

  /// A blob of 16 bytes as the two numbers it was bound from; `nil` for anything else.
  package func pair(_ column: Int) -> (high: UInt64, low: UInt64)? {
    let bytes = unsafe bytes(of: column)
    guard bytes.count == 16 else { return nil }
    let high = unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
    let low = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    return (UInt64(bigEndian: high), UInt64(bigEndian: low))
  }

  /// The name the query gives to a column.
  package func name(of column: Int) -> String {
    unsafe sqlite3_column_name(handle, Int32(clamping: column)).map { unsafe String(cString: $0) }
      ?? ""
  }
}

extension Statement {
  /// Valid until the statement moves on.
  private func bytes(of column: Int) -> UnsafeRawBufferPointer {
    let position = position(of: column)
    let start = unsafe sqlite3_column_blob(handle, position)  // `NULL` for an empty blob as well.
    let length = unsafe start == nil ? 0 : Int(sqlite3_column_bytes(handle, position))
    return unsafe UnsafeRawBufferPointer(start: start, count: length)
  }

  private func position(of column: Int) -> Int32 {
    precondition(hasRow, "columns are read after step() returned true")
    precondition(column >= 0 && column < columnCount, "the row has no such column")
    return Int32(column)
  }
}
