import PlatformSQLite
import Testing

@Suite(.timeLimit(.minutes(1)))
struct StatementTests {
  @Test func `every kind of value comes back as it was bound`() throws {
    let database = try Connection(path: ":memory:")
    try database.execute("CREATE TABLE t (a, b, c, d, e, f, g)")
    let insert = try database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)")
    try insert.bind(1, Int64.min)
    try insert.bind(2, 2.5)
    try insert.bind(3, "Grüße\u{0}, \u{1F552}")
    try insert.bind(4, literal: "literal")
    try insert.bind(5, [0, 1, 255] as [UInt8])
    try insert.bind(6, high: 0x0102_0304_0506_0708, low: .max)
    try insert.bindNull(7)
    try insert.run()
    #expect(database.changes == 1)
    #expect(database.lastInsertRowID == 1)

    let row = try database.prepare("SELECT a, b, c, d, e, f, g FROM t")
    try #require(try row.step())
    #expect(row.int64(0) == .min)
    #expect(row.double(1) == 2.5)
    #expect(row.text(2) == "Grüße\u{0}, \u{1F552}")
    #expect(row.text(3) == "literal")
    #expect(row.blob(4) == [0, 1, 255])
    #expect(row.pair(5)?.high == 0x0102_0304_0506_0708)
    #expect(row.pair(5)?.low == .max)
    #expect(row.withBlob(5) { $0.byteCount } == 16)
    #expect(row.isNull(6))
    #expect(row.optionalInt64(6) == nil)
    #expect(try row.step() == false)
  }

  @Test func `absent values are NULL and empty ones are not`() throws {
    let database = try Connection(path: ":memory:")
    let row = try database.prepare("SELECT ?, ?, ?, ?, ?, ?")
    try row.bind(1, nil as String?)
    try row.bind(2, nil as [UInt8]?)
    try row.bind(3, nil as Int64?)
    try row.bind(4, nil as Double?)
    try row.bind(5, "")
    try row.bind(6, [] as [UInt8])
    try #require(try row.step())
    #expect((0..<4).allSatisfy { row.isNull($0) })
    #expect(row.text(0) == nil)
    #expect(row.blob(1) == nil)
    #expect(row.text(4)?.isEmpty == true)
    #expect(row.blob(5)?.isEmpty == true)
    #expect(row.isNull(4) == false && row.isNull(5) == false)
  }

  @Test(arguments: [0, 1, 31, 32, 33, 4095, 4096, 4097, 100_000])
  func `values of any length survive being bound again and again`(length: Int) throws {
    let database = try Connection(path: ":memory:")
    try database.execute("CREATE TABLE t (text TEXT, blob BLOB)")
    let insert = try database.prepare("INSERT INTO t VALUES (?, ?)")
    for size in [length, 3, length] {
      try insert.bind(1, String(repeating: "é", count: size))
      try insert.bind(2, [UInt8](repeating: 7, count: size))
      try insert.run()
    }
    let sizes = try database.prepare(
      "SELECT length(text), length(blob), replace(text, 'é', '') FROM t"
    )
    for size in [length, 3, length] {
      try #require(try sizes.step())
      #expect(sizes.int(0) == size)
      #expect(sizes.int(1) == size)
      #expect(sizes.text(2)?.isEmpty == true)
    }
  }

  @Test func `bound values stay until they are bound anew`() throws {
    let database = try Connection(path: ":memory:")
    let sum = try database.prepare("SELECT ?1 || ?2")
    try sum.bind(1, "kept ")
    for word in ["once", "twice and at greater length than before"] {
      try sum.bind(2, word)
      try #require(try sum.step())
      #expect(sum.text(0) == "kept " + word)
      sum.reset()
    }
  }

  @Test func `pairs sort as the numbers do`() throws {
    let database = try Connection(path: ":memory:")
    try database.execute("CREATE TABLE t (id BLOB PRIMARY KEY) WITHOUT ROWID")
    let insert = try database.prepare("INSERT INTO t VALUES (?)")
    let pairs: [(UInt64, UInt64)] = [(1 << 63, 0), (0, .max), (1, 0), (0, 255), (0, 256)]
    for (high, low) in pairs {
      try insert.bind(1, high: high, low: low)
      try insert.run()
    }
    let select = try database.prepare("SELECT id FROM t ORDER BY id")
    var lows: [UInt64] = []
    try select.forEachRow { row in lows.append(row.pair(0)?.low ?? 42) }
    #expect(lows == [255, 256, .max, 0, 0])
  }

  @Test func `a parameter that does not exist is an error`() throws {
    let database = try Connection(path: ":memory:")
    let one = try database.prepare("SELECT ?")
    for index in [-1, 0, 2, .max] {
      #expect(throws: SQLiteError.self) { try one.bind(index, "x") }
      #expect(throws: SQLiteError.self) { try one.bind(index, 1) }
      #expect(throws: SQLiteError.self) { try one.bind(index, high: 1, low: 1) }
    }
  }

  @Test(arguments: ["", "  -- nothing", "SELECT 1; SELECT 2", "SELEC 1"])
  func `what is not exactly one statement is refused`(sql: String) throws {
    let database = try Connection(path: ":memory:")
    #expect(throws: SQLiteError.self) { try database.prepare(sql) }
  }

  @Test func `white space and a semicolon may follow a statement`() throws {
    let database = try Connection(path: ":memory:")
    let one = try database.prepare("SELECT 1 ; \n")
    #expect(try one.step())
    #expect(one.columnCount == 1)
  }

  @Test func `a statement that failed can be run again`() throws {
    let database = try Connection(path: ":memory:")
    try database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    let insert = try database.prepare("INSERT INTO t VALUES (?)")
    try insert.bind(1, 1)
    try insert.run()
    let error = #expect(throws: SQLiteError.self) { try insert.run() }
    #expect(error?.code == .constraint)
    #expect(error?.isUniqueViolation == true)
    #expect(error?.sql == "INSERT INTO t VALUES (?)")
    try insert.bind(1, 2)
    try insert.run()
    #expect(try database.text(of: "SELECT count(*) FROM t") == "2")
  }

  @Test func `a cached statement is compiled once and shared only when idle`() throws {
    let database = try Connection(path: ":memory:")
    func numbers(_ database: borrowing Connection) throws -> Statement {
      try database.cached("SELECT 1 UNION SELECT 2")
    }
    let first = try numbers(database)
    #expect(try numbers(database) === first)
    try #require(try first.step())
    let second = try numbers(database)
    #expect(second !== first)
    try #require(try second.step())
    #expect(first.int(0) == 1)
    first.reset()
    #expect(try numbers(database) === first)
  }

  @Test func `a statement outlives its connection`() throws {
    func orphan() throws -> Statement {
      let database = try Connection(path: ":memory:")
      try database.execute("CREATE TABLE t AS SELECT 7 AS seven")
      return try database.prepare("SELECT seven FROM t")
    }
    let statement = try orphan()
    try #require(try statement.step())
    #expect(statement.int(0) == 7)
  }

  @Test func `binding a statement that stands on a row stops the program`() async {
    await #expect(processExitsWith: .failure) {
      let database = try Connection(path: ":memory:")
      let row = try database.prepare("SELECT ?")
      _ = try row.step()
      try row.bind(1, 1)
    }
  }

  @Test func `reading a column without a row stops the program`() async {
    await #expect(processExitsWith: .failure) {
      let database = try Connection(path: ":memory:")
      let row = try database.prepare("SELECT 1")
      _ = row.int64(0)
    }
  }
}
