import Engine
import PlatformSQLite
import Store

/// Facts about the database as a whole.
enum Meta {
  /// Generations count seconds from here (2025-01-01 UTC), so that one is never used twice even when
  /// the database comes back from a backup.
  private static let generationOrigin = Timestamp(seconds: 1_735_689_600)

  /// Raises the generation and says where the sequences go on.
  static func start(
    _ connection: borrowing Connection,
    at now: Timestamp
  ) throws(StoreError) -> Counters {
    let (stored, sequence, page, settled) = try translated { () throws(SQLiteError) in
      (
        try connection.text(of: "SELECT value FROM meta WHERE name = 'generation'"),
        try connection.text(
          of: """
            SELECT last_sequence FROM journal WHERE last_sequence IS NOT NULL
              ORDER BY page DESC LIMIT 1
            """
        ),
        try connection.text(of: "SELECT max(page) FROM journal"),
        try connection.text(
          of: """
            SELECT max(settled) FROM (
              SELECT settled FROM (SELECT settled FROM journal ORDER BY page DESC LIMIT 1)
              UNION ALL SELECT value FROM meta WHERE name = 'settled')
            """
        )
      )
    }
    let seconds = UInt32(clamping: (now - generationOrigin).components.seconds)
    let (next, overflow) = (stored.flatMap { UInt32($0) } ?? 0).addingReportingOverflow(1)
    guard !overflow else { throw .damaged("the generation") }
    let generation = max(next, seconds)
    try write(generation: generation, on: connection)
    return Counters(
      generation: generation,
      sequence: sequence.flatMap { Int64($0) } ?? 0,
      page: page.flatMap { Int64($0) } ?? 0,
      settled: settled.flatMap { Int64($0) } ?? 0
    )
  }

  /// The last number of a slot's row; 0 when there is none.
  static func lastSlot(_ connection: borrowing Connection) throws(StoreError) -> Int64 {
    try translated { () throws(SQLiteError) in
      try connection.text(of: "SELECT max(number) FROM slots").flatMap { Int64($0) } ?? 0
    }
  }

  static func write(
    generation: UInt32,
    on connection: borrowing Connection
  ) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let insert = try connection.cached(
        "INSERT OR REPLACE INTO meta (name, value) VALUES ('generation', ?)"
      )
      try insert.bind(1, Int64(generation))
      try insert.run()
    }
  }

  /// Writes and takes back enough to tell whether the disk has room again.
  static func probe(_ connection: borrowing Connection) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      try connection.execute(
        "INSERT OR REPLACE INTO meta (name, value) VALUES ('probe', zeroblob(65536))"
      )
      try connection.execute("DELETE FROM meta WHERE name = 'probe'")
    }
  }
}
