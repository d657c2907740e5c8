internal import CSQLite

/// Parameters are counted from 1, as in SQL. Binding `nil` binds `NULL`. What is bound stays until
/// it is bound anew, and must not change while the statement stands on a row: reset it first.
extension Statement {
  package func bindNull(_ index: Int) throws(SQLiteError) {
    try check(unsafe sqlite3_bind_null(handle, position(index)))
  }

  package func bind(_ index: Int, _ value: Int64?) throws(SQLiteError) {
    guard let value else { return try bindNull(index) }
    try check(unsafe sqlite3_bind_int64(handle, position(index), value))
  }

  package func bind(_ index: Int, _ value: Int?) throws(SQLiteError) {
    try bind(index, value.map { Int64($0) })
  }

  package func bind(_ index: Int, _ value: Bool?) throws(SQLiteError) {
    try bind(index, value.map { $0 ? Int64(1) : 0 })
  }

  package func bind(_ index: Int, _ value: Double?) throws(SQLiteError) {
    guard let value else { return try bindNull(index) }
    try check(unsafe sqlite3_bind_double(handle, position(index), value))
  }

  package func bind(_ index: Int, _ value: String?) throws(SQLiteError) {
    guard var value else { return try bindNull(index) }
    let code = value.withUTF8 { text in
      unsafe bindText(index, UnsafeRawBufferPointer(text))
    }
    try check(code)
  }

  /// Binds a text that is part of the program: nothing is copied.
  package func bind(_ index: Int, literal value: StaticString) throws(SQLiteError) {
    precondition(value.hasPointerRepresentation, "a literal of one scalar is bound as a String")
    let code = unsafe value.utf8Start.withMemoryRebound(
      to: CChar.self,
      capacity: value.utf8CodeUnitCount
    ) { text in
      unsafe sqlite3_bind_text(
        handle,
        position(index),
        text,
        Int32(clamping: value.utf8CodeUnitCount),
        Lifetime.permanent
      )
    }
    try check(code)
  }

  package func bind(_ index: Int, _ value: [UInt8]?) throws(SQLiteError) {
    guard let value else { return try bindNull(index) }
    try check(unsafe value.withUnsafeBytes { unsafe bindBlob(index, $0) })
  }

  /// Binds a blob. The bytes are copied before the call returns.
  package func bind(_ index: Int, _ value: borrowing RawSpan) throws(SQLiteError) {
    try check(unsafe value.withUnsafeBytes { unsafe bindBlob(index, $0) })
  }

  /// Binds a blob. The bytes are copied before the call returns.
  @unsafe package func bind(_ index: Int, _ value: UnsafeRawBufferPointer) throws(SQLiteError) {
    try check(unsafe bindBlob(index, value))
  }

  /// Binds a blob of 16 bytes, most significant first, so that blobs sort as the numbers do.
  package func bind(_ index: Int, high: UInt64, low: UInt64) throws(SQLiteError) {
    let code = unsafe withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { bytes in
      unsafe bindBlob(index, bytes)
    }
    try check(code)
  }
}

extension Statement {
  private enum Lifetime {
    /// The bytes stay where they are for as long as SQLite may look (`SQLITE_STATIC`).
    static var permanent: sqlite3_destructor_type? { nil }
    /// SQLite makes its own copy at once (`SQLITE_TRANSIENT`, a macro Swift cannot read).
    static var passing: sqlite3_destructor_type? {
      unsafe unsafeBitCast(-1, to: sqlite3_destructor_type?.self)
    }
  }

  private func bindText(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    let kept = unsafe parameters.keep(bytes, at: index)
    guard let text = unsafe kept ?? bytes.baseAddress else {
      return SQLITE_RANGE  // An empty text is always kept, so the parameter does not exist.
    }
    return unsafe sqlite3_bind_text64(
      handle,
      position(index),
      text.assumingMemoryBound(to: CChar.self),
      UInt64(bytes.count),
      kept == nil ? Lifetime.passing : Lifetime.permanent,
      UInt8(SQLITE_UTF8)
    )
  }

  private func bindBlob(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    guard bytes.count > 0 else { return unsafe sqlite3_bind_zeroblob(handle, position(index), 0) }
    let kept = unsafe parameters.keep(bytes, at: index)
    return unsafe sqlite3_bind_blob64(
      handle,
      position(index),
      kept ?? bytes.baseAddress,
      UInt64(bytes.count),
      kept == nil ? Lifetime.passing : Lifetime.permanent
    )
  }

  private func position(_ index: Int) -> Int32 {
    precondition(!hasRow, "a statement standing on a row is reset before it is bound")
    return Int32(clamping: index)
  }

  private func check(_ code: Int32) throws(SQLiteError) {
    guard code == SQLITE_OK else { throw failure(code) }
  }
}
