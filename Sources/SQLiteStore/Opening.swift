import Engine
import PlatformSQLite
import Store

/// How the connections of a store are opened.
struct Opening: Sendable {
  let path: String
  let configuration: SQLiteStoreConfiguration

  /// The rows for the writer, checked, brought up to date and in a new generation.
  func ledger() throws(StoreError) -> sending SQLiteLedger {
    let connection = try writerConnection()
    let now = configuration.clock()
    try Migration.run(on: connection, at: now.microseconds)
    try makeDefaultNamespace(connection, at: now)
    let counters = try Meta.start(connection, at: now)
    let ledger = SQLiteLedger(connection, configuration, counters)
    try ledger.recover()
    ledger.counters.slot = try Meta.lastSlot(ledger.connection)
    return ledger
  }

  private func writerConnection() throws(StoreError) -> Connection {
    do throws(SQLiteError) {
      let connection = try Connection(path: path)
      let findings = try connection.quickCheck()
      guard findings.isEmpty else { throw DamageReport(findings).error }
      var settings = ConnectionSettings()
      settings.synchronous = configuration.durability == .full ? .full : .normal
      settings.enforcesForeignKeys = false
      settings.cacheSize = 16_384
      settings.autocheckpointPages = Opening.checkpointPages
      try connection.enableWriteAheadLog(settings)
      if let pages = configuration.largestPageCount {
        try connection.execute("PRAGMA max_page_count = \(pages)")
      }
      return connection
    } catch {
      throw explained(error)
    }
  }

  /// 4 MiB of log, after which the writer copies it back: nobody waits for long then.
  private static let checkpointPages = 1000

  func reader() throws(StoreError) -> Connection {
    try translated { () throws(SQLiteError) in
      let connection = try Connection(path: path, mode: .readOnly)
      var settings = ConnectionSettings()
      settings.enforcesForeignKeys = false
      try connection.apply(settings)
      return connection
    }
  }

  private func explained(_ error: SQLiteError) -> StoreError {
    switch error.code {
    case .corrupt, .notADatabase:
      StoreError(
        .corrupt,
        """
        the database \(path) is damaged: \(error.message). Restore a backup, or save what can be \
        read with: sqlite3 \(path) ".recover" | sqlite3 \(path).recovered
        """,
        cause: error
      )
    default:
      StoreError(.unavailable, "cannot open the database \(path): \(error.message)", cause: error)
    }
  }

  private func makeDefaultNamespace(
    _ connection: borrowing Connection,
    at now: Timestamp
  ) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let insert = try connection.prepare(
        """
        INSERT INTO namespaces (name, description, revision, created_at)
          SELECT ?, '', 1, ? WHERE NOT EXISTS (SELECT 1 FROM meta WHERE name = 'generation')
          ON CONFLICT DO NOTHING  -- A first start that was cut short may have come so far.
        """
      )
      try insert.bind(1, Namespace.defaultName)
      try insert.bind(2, now)
      try insert.run()
    }
  }
}

/// What a check of the file found.
private struct DamageReport {
  let findings: [String]

  init(_ findings: [String]) {
    self.findings = findings
  }

  /// As SQLite would have said it, had it stumbled over the damage itself.
  var error: SQLiteError {
    let corrupt: Int32 = 11  // SQLITE_CORRUPT
    return SQLiteError(
      extendedCode: corrupt,
      message: findings.prefix(3).joined(separator: "; ")
    )
  }
}
