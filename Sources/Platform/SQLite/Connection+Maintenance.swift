internal import CSQLite

/// How a connection treats its file.
package struct ConnectionSettings: Sendable, Hashable {
  package enum Synchronous: String, Sendable, Hashable {
    /// Every commit reaches the disk before it returns.
    case full = "FULL"
    /// A power loss may take back the latest commits, never break the file.
    case normal = "NORMAL"
  }

  package var synchronous: Synchronous = .full
  /// After how many pages in the log a commit also checkpoints. 0 leaves that to `checkpoint`.
  package var autocheckpointPages = 1000
  package var enforcesForeignKeys = true
  /// How much of the file may stay in memory, in KiB.
  package var cacheSize = 16_384

  package init() {}
}

extension Connection {
  /// Switches the file to a write-ahead log and applies `settings`; once, before the first query.
  package borrowing func enableWriteAheadLog(
    _ settings: ConnectionSettings = ConnectionSettings()
  ) throws(SQLiteError) {
    let mode = try text(of: "PRAGMA journal_mode = WAL")
    guard mode == "wal" else {
      throw SQLiteError(
        extendedCode: SQLITE_ERROR,
        message: "journal mode is \(mode ?? "unknown") where wal was asked for"
      )
    }
    try execute("PRAGMA wal_autocheckpoint = \(max(settings.autocheckpointPages, 0))")
    try apply(settings)
  }

  /// Applies what also makes sense to a reader: everything but the log.
  package borrowing func apply(_ settings: ConnectionSettings) throws(SQLiteError) {
    try execute(
      """
      PRAGMA synchronous = \(settings.synchronous.rawValue);
      PRAGMA foreign_keys = \(settings.enforcesForeignKeys ? "ON" : "OFF");
      PRAGMA cache_size = -\(max(settings.cacheSize, 0));
      PRAGMA temp_store = MEMORY;
      PRAGMA mmap_size = 0;
      """
    )
  }

  /// The first column of the first row that `sql` returns; `nil` for `NULL` and for no row.
  package borrowing func text(of sql: String) throws(SQLiteError) -> String? {
    let statement = try prepare(sql)
    return try statement.step() ? statement.text(0) : nil
  }

  /// What is wrong with the file, at most 101 findings; none when it is sound. Reads all of it.
  package borrowing func quickCheck() throws(SQLiteError) -> [String] {
    var findings: [String] = []
    do throws(SQLiteError) {
      let check = try prepare("PRAGMA quick_check(100)")
      while try check.step() { findings.append(check.text(0) ?? "") }
    } catch {
      // A file can be too broken even to be checked; that is an answer as well.
      guard error.code == .corrupt || error.code == .notADatabase else { throw error }
      findings.append(error.message)
    }
    return findings == ["ok"] ? [] : findings
  }
}

extension Connection {
  package enum CheckpointMode: Sendable {
    /// Copies what it can without waiting for anybody.
    case passive
    /// Waits for writers and copies everything.
    case full
    /// As `full`, and waits for readers, so that the log starts anew.
    case restart
    /// As `restart`, and cuts the log to nothing.
    case truncate
  }

  package struct Checkpoint: Sendable, Hashable {
    /// The number of pages in the log; `nil` when there is no log.
    package let logPages: Int?
    /// How many of them have reached the database file.
    package let copiedPages: Int?
  }

  /// Copies the write-ahead log back to the database file.
  ///
  /// Throws `.busy` when a mode that waits had to give up at the busy timeout.
  @discardableResult
  package borrowing func checkpoint(_ mode: CheckpointMode) throws(SQLiteError) -> Checkpoint {
    let number =
      switch mode {
      case .passive: SQLITE_CHECKPOINT_PASSIVE
      case .full: SQLITE_CHECKPOINT_FULL
      case .restart: SQLITE_CHECKPOINT_RESTART
      case .truncate: SQLITE_CHECKPOINT_TRUNCATE
      }
    var log: Int32 = -1
    var copied: Int32 = -1
    let code = unsafe sqlite3_wal_checkpoint_v2(handle, nil, number, &log, &copied)
    guard code == SQLITE_OK else { throw unsafe SQLiteError(code: code, on: handle) }
    return Checkpoint(
      logPages: log < 0 ? nil : Int(log),
      copiedPages: copied < 0 ? nil : Int(copied)
    )
  }
}
