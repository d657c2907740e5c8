import Foundation
import PlatformSQLite
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ConnectionTests {
  struct Refusal: Error {}

  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func `a write-ahead log is set up as asked`() throws {
    let database = try Connection(path: directory.file("a.db"))
    var settings = ConnectionSettings()
    settings.synchronous = .normal
    settings.autocheckpointPages = 0
    settings.cacheSize = 1024
    try database.enableWriteAheadLog(settings)
    #expect(try database.text(of: "PRAGMA journal_mode") == "wal")
    #expect(try database.text(of: "PRAGMA synchronous") == "1")
    #expect(try database.text(of: "PRAGMA wal_autocheckpoint") == "0")
    #expect(try database.text(of: "PRAGMA foreign_keys") == "1")
    #expect(try database.text(of: "PRAGMA temp_store") == "2")
    #expect(try database.text(of: "PRAGMA cache_size") == "-1024")
  }

  @Test func `a log is refused where it cannot be`() throws {
    let database = try Connection(path: ":memory:")
    #expect(throws: SQLiteError.self) { try database.enableWriteAheadLog() }
  }

  @Test func `a checkpoint empties the log`() throws {
    let path = directory.file("a.db")
    let database = try Connection(path: path)
    var settings = ConnectionSettings()
    settings.autocheckpointPages = 0
    try database.enableWriteAheadLog(settings)
    try database.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
    #expect(try Data(contentsOf: URL(filePath: path + "-wal")).count > 0)
    let passive = try database.checkpoint(.passive)
    #expect(passive.logPages ?? 0 > 0)
    #expect(passive.copiedPages == passive.logPages)
    try database.checkpoint(.truncate)
    #expect(try Data(contentsOf: URL(filePath: path + "-wal")).isEmpty)
  }

  @Test func `a checkpoint that a reader holds up is busy`() throws {
    let path = directory.file("a.db")
    let writer = try Connection(path: path, busyTimeout: .zero)
    try writer.enableWriteAheadLog()
    try writer.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)")
    let reader = try Connection(path: path, mode: .readOnly)
    let rows = try reader.prepare("SELECT x FROM t")
    try #require(try rows.step())
    try writer.execute("INSERT INTO t VALUES (3)")
    let error = #expect(throws: SQLiteError.self) { try writer.checkpoint(.truncate) }
    #expect(error?.code == .busy)
  }

  @Test func `committed writes are seen by other connections`() throws {
    let path = directory.file("a.db")
    let writer = try Connection(path: path)
    try writer.enableWriteAheadLog()
    try writer.execute("CREATE TABLE t (x)")
    let reader = try Connection(path: path, mode: .readOnly)
    try writer.transaction {
      try writer.execute("INSERT INTO t VALUES (1)")
      #expect(writer.isInTransaction == true)
      #expect(try reader.text(of: "SELECT count(*) FROM t") == "0")
    }
    #expect(try reader.text(of: "SELECT count(*) FROM t") == "1")
  }

  @Test func `a transaction that throws leaves nothing behind`() throws {
    let database = try Connection(path: directory.file("a.db"))
    try database.execute("CREATE TABLE t (x)")
    #expect(throws: Refusal.self) {
      try database.transaction {
        try database.execute("INSERT INTO t VALUES (1)")
        throw Refusal()
      }
    }
    #expect(database.isInTransaction == false)
    #expect(try database.text(of: "SELECT count(*) FROM t") == "0")
  }

  @Test func `a commit that fails is rolled back`() throws {
    let database = try Connection(path: ":memory:")
    try database.execute(
      """
      PRAGMA foreign_keys = ON;
      CREATE TABLE p (id INTEGER PRIMARY KEY);
      CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED);
      """
    )
    let error = #expect(throws: SQLiteError.self) {
      try database.transaction { try database.execute("INSERT INTO c VALUES (1)") }
    }
    #expect(error?.code == .constraint)
    #expect(database.isInTransaction == false)
  }

  @Test func `savepoints nest and take back only their own writes`() throws {
    let database = try Connection(path: ":memory:")
    try database.execute("CREATE TABLE t (x)")
    try database.transaction {
      try database.execute("INSERT INTO t VALUES (1)")
      try database.savepoint {
        try database.execute("INSERT INTO t VALUES (2)")
        #expect(throws: Refusal.self) {
          try database.savepoint {
            try database.execute("INSERT INTO t VALUES (3)")
            throw Refusal()
          }
        }
      }
    }
    #expect(try database.text(of: "SELECT group_concat(x) FROM t") == "1,2")
  }

  @Test func `a second writer is told that the file is busy`() throws {
    let path = directory.file("a.db")
    let first = try Connection(path: path)
    let second = try Connection(path: path, busyTimeout: .milliseconds(1))
    try first.begin()
    let error = #expect(throws: SQLiteError.self) { try second.begin() }
    #expect(error?.code == .busy)
    try first.rollback()
    try second.begin()
    try second.rollback()
  }

  @Test func `a reader cannot write`() throws {
    let path = directory.file("a.db")
    _ = try Connection(path: path).execute("CREATE TABLE t (x)")
    let reader = try Connection(path: path, mode: .readOnly)
    let error = #expect(throws: SQLiteError.self) {
      try reader.execute("INSERT INTO t VALUES (1)")
    }
    #expect(error?.code == .readOnly)
  }

  @Test(arguments: [Connection.Mode.readOnly, .readWriteCreate])
  func `a file in a directory that does not exist cannot be opened`(mode: Connection.Mode) {
    let error = #expect(throws: SQLiteError.self) {
      _ = try Connection(path: directory.file("none/a.db"), mode: mode)
    }
    #expect(error?.code == .cannotOpen)
  }

  @Test func `a path with a NUL byte is not cut short`() {
    let error = #expect(throws: SQLiteError.self) {
      _ = try Connection(path: directory.file("a\u{0}.db"))
    }
    #expect(error?.code == .cannotOpen)
  }

  @Test func `a file that is no database is told from a broken one`() throws {
    let text = directory.file("text.db")
    try Data(String(repeating: "plain text ", count: 1000).utf8).write(to: URL(filePath: text))
    let error = #expect(throws: SQLiteError.self) {
      try Connection(path: text).execute("SELECT * FROM sqlite_schema")
    }
    #expect(error?.code == .notADatabase)
  }

  @Test func `quick check finds broken pages`() throws {
    let path = directory.file("a.db")
    do {
      let database = try Connection(path: path)
      try database.execute(
        """
        CREATE TABLE t (x);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
        INSERT INTO t SELECT randomblob(100) FROM n;
        """
      )
      #expect(try database.quickCheck() == [])
    }
    let file = try FileHandle(forUpdating: URL(filePath: path))
    try file.seek(toOffset: 4096 * 3)
    try file.write(contentsOf: Data(repeating: 0xAA, count: 4096))
    try file.close()
    let broken = try Connection(path: path)
    #expect(try broken.quickCheck().isEmpty == false)
  }

  @Test func `a full file takes back the transaction and says so`() throws {
    let database = try Connection(path: directory.file("a.db"))
    try database.execute("CREATE TABLE t (x); PRAGMA max_page_count = 4")
    let error = #expect(throws: SQLiteError.self) {
      try database.transaction {
        try database.execute("INSERT INTO t VALUES (randomblob(100000))")
      }
    }
    #expect(error?.code == .full)
    #expect(database.isInTransaction == false)
  }

  @Test func `a running query can be interrupted from another thread`() async throws {
    let database = try Connection(path: ":memory:")
    let interrupter = database.interrupter
    let endless = try database.prepare(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    )
    try #require(try endless.step())
    // The query is under way, so that the interrupt cannot come too early.
    Thread.detachNewThread { interrupter.interrupt() }
    let error = #expect(throws: SQLiteError.self) { try endless.run() }
    #expect(error?.code == .interrupted)
  }

  @Test func `interrupting a closed connection does nothing`() throws {
    let interrupter = try Connection(path: ":memory:").interrupter
    interrupter.interrupt()
  }

  @Test func `failures to sync are told from other input and output errors`() {
    let fsync = SQLiteError(extendedCode: 1034, message: "disk I/O error")
    let directory = SQLiteError(extendedCode: 1290, message: "disk I/O error")
    let read = SQLiteError(extendedCode: 266, message: "disk I/O error")
    #expect([fsync, directory, read].allSatisfy { $0.code == .ioError })
    #expect(fsync.isSyncFailure && directory.isSyncFailure && !read.isSyncFailure)
  }

  @Test func `the library names its version`() {
    #expect(Connection.libraryVersion.hasPrefix("3."))
  }
}
