import Engine
import PlatformRuntime
import PlatformSQLite
import Store
import Synchronization

/// One connection that only reads, on a queue of its own.
actor Reader {
  private let executor: BlockingExecutor
  private var session: ReadSession?

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  init(number: Int, _ open: @Sendable () throws(StoreError) -> Connection) throws(StoreError) {
    executor = BlockingExecutor(label: "tompion.sqlite.reader.\(number)")
    session = ReadSession(try open())
  }

  /// Runs `body` on one snapshot of the database.
  func read<Result: Sendable>(
    _ body: @Sendable (ReadSession) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    guard let session else { throw .closed }
    return try session.snapshot(body)
  }

  func close() {
    session = nil
  }
}

extension StoreError {
  static let closed = StoreError(.unavailable, "the store is closed")
  static let crowded = StoreError(.unavailable, "too many requests are waiting for the store")
}

/// The readers, taken in turn.
final class ReaderPool: Sendable {
  private let readers: [Reader]
  private let turn = Atomic<Int>(0)
  private let waiting = Atomic<Int>(0)

  /// The most reading operations under way; more are refused.
  private static let bound = 1024

  init(
    count: Int,
    _ open: @Sendable () throws(StoreError) -> Connection
  ) throws(StoreError) {
    var readers: [Reader] = []
    for number in 0..<max(count, 1) { readers.append(try Reader(number: number, open)) }
    self.readers = readers
  }

  func read<Result: Sendable>(
    _ body: @Sendable (ReadSession) throws(StoreError) -> Result
  ) async throws(StoreError) -> Result {
    guard waiting.add(1, ordering: .relaxed).newValue <= ReaderPool.bound else {
      waiting.subtract(1, ordering: .relaxed)
      throw .crowded
    }
    defer { waiting.subtract(1, ordering: .relaxed) }
    let next = turn.wrappingAdd(1, ordering: .relaxed).newValue
    return try await readers[abs(next % readers.count)].read(body)
  }

  func close() async {
    for reader in readers { await reader.close() }
  }
}

/// What a reader keeps between two reads.
final class ReadSession {
  let connection: Connection
  private var templates = TemplateCache()

  init(_ connection: consuming Connection) {
    self.connection = connection
  }

  func snapshot<Result>(
    _ body: (ReadSession) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try translated { () throws(SQLiteError) in try connection.cached("BEGIN DEFERRED").run() }
    defer { try? connection.rollback() }  // Nothing was written; it only lets go of the snapshot.
    return try body(self)
  }

  func prepare(
    _ sql: StaticString,
    _ bind: (Statement) throws(SQLiteError) -> Void = { _ in }
  ) throws(StoreError) -> Statement {
    try translated { () throws(SQLiteError) in
      let statement = try connection.cached(sql)
      try bind(statement)
      return statement
    }
  }

  func template(_ number: Int64) throws(StoreError) -> SharedTemplate {
    if let found = templates[number] { return found }
    let template = try Queries.template(number, on: connection)
    guard let template else { throw .damaged("the template \(number)") }
    templates.insert(template)
    return template
  }

  func task(_ id: TaskID) throws(StoreError) -> TaskRecord? {
    let select = try prepare(
      """
      SELECT template, nominal_at, manual, created_at, param, missed, rerun_of
        FROM slots WHERE number = ? AND task = ?
      """
    ) { select throws(SQLiteError) in
      try select.bind(1, id.uuid.ordinal)
      try select.bind(2, id.uuid)
    }
    return try Queries.first(select) { row throws(StoreError) in
      row.taskRecord(id, try template(row.int64(0)), from: 1)
    }
  }

  private func slots(of task: TaskRecord) throws(StoreError) -> [SlotRow] {
    let first = task.id.uuid.ordinal
    let select = try prepare(
      """
      SELECT shard, body, history, result, deadline FROM slots
        WHERE number >= ? AND number < ? ORDER BY number
      """
    ) { select throws(SQLiteError) in
      try select.bind(1, first)
      try select.bind(2, first + Int64(task.template.value.shardCount))
    }
    return try Queries.all(select) { row throws(StoreError) in try row.slotRow(of: task.id) }
  }

  func detail(_ id: TaskID) throws(StoreError) -> TaskDetail? {
    guard let task = try task(id) else { return nil }
    return TaskDetail(task: task, slots: try slots(of: task))
  }
}
