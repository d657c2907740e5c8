import Engine
import PlatformSQLite
import Store

/// The rows of the database, as the one thread that writes sees and changes them.
///
/// Slots are ahead of their rows: see `LiveSlots`. Whatever else it keeps in memory repeats rows that
/// are in the database or in the open transaction; undoing anything forgets all of that.
final class SQLiteLedger: Ledger {
  let connection: Connection
  let configuration: SQLiteStoreConfiguration
  private(set) var now: Timestamp
  var commit = Commit()

  var templates = TemplateCache()
  var live: LiveSlots
  var liveTriggers = LiveTriggers()
  var triggers = TriggerCache()
  /// The queues of templates, by the numbers of both.
  var queues: [Int64: Int64] = [:]
  var namespaces: [String: Namespace] = [:]
  /// Where the search for old tasks goes on.
  var retention = RetentionProgress()

  var counters: Counters
  private var random: FastRandom

  /// Each operation gets a savepoint of its own. Without, one that fails after its first write
  /// leaves `mustRedo`, and the transaction is done again with care.
  private(set) var isCareful = false
  private(set) var mustRedo = false
  /// Statements that wrote, and slots that changed.
  var writes = 0
  /// Where the open transaction began.
  private var start: LiveSlots.Mark?
  private var startOfTriggers: LiveTriggers.Mark?
  /// How many of each are ahead of their rows.
  var unsettledCount: Int { live.unsettledCount + liveTriggers.unsettledCount }

  init(
    _ connection: consuming Connection,
    _ configuration: SQLiteStoreConfiguration,
    _ counters: Counters
  ) {
    self.connection = connection
    self.configuration = configuration
    self.counters = counters
    live = LiveSlots(capacity: configuration.rowsInMemory)
    now = configuration.clock()
    var seeds = SystemRandomNumberGenerator()
    random = FastRandom(seed: seeds.next())
  }

  /// Runs a statement that writes.
  func write(_ statement: Statement) throws(SQLiteError) {
    writes += 1
    try statement.run()
  }

  // MARK: Transactions

  func begin(carefully: Bool) throws(StoreError) {
    now = configuration.clock()
    commit = Commit()
    isCareful = carefully
    mustRedo = false
    live.begin(page: counters.page + 1)
    liveTriggers.begin(page: counters.page + 1)
    start = live.mark()
    startOfTriggers = liveTriggers.mark
    try translated { () throws(SQLiteError) in try connection.begin() }
  }

  /// Moves the time of the transaction on, never back.
  func readClock() {
    now = max(now, configuration.clock())
  }

  /// Settles up to `limits`, writes the page of the commit and makes everything durable.
  func end(settling limits: SettlingLimits) throws(StoreError) {
    try settle(limits)
    try translated { () throws(SQLiteError) in
      try writePage()
      try connection.commit()
    }
    finished()
  }

  /// A transaction that only settles, everything there is.
  func settleAtEnd() throws(StoreError) {
    guard unsettledCount > 0 else { return }
    try begin(carefully: false)
    do throws(StoreError) {
      try end(settling: .everything)
    } catch {
      abandon()
      throw error
    }
  }

  /// The transaction is durable.
  func finished() {
    live.committed(at: now)
    liveTriggers.committed()
    counters.settled = settledThrough
  }

  /// Takes everything back.
  func abandon() {
    try? connection.rollback()  // It failed before; the error that led here is the one to tell.
    if let start { live.undo(to: start) }
    if let startOfTriggers { liveTriggers.undo(to: startOfTriggers) }
    forget()
  }

  func undoably(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    guard isCareful else {
      let before = writes
      do throws(StoreError) {
        return try body()
      } catch {
        if writes != before { mustRedo = true }
        throw error
      }
    }
    let (saved, mark, markOfTriggers) = (commit, live.mark(), liveTriggers.mark)
    try translated { () throws(SQLiteError) in try connection.cached("SAVEPOINT undo").run() }
    do throws(StoreError) {
      try body()
    } catch {
      guard !error.dooms else { throw error }
      try translated { () throws(SQLiteError) in
        try connection.cached("ROLLBACK TO undo").run()
        try connection.cached("RELEASE undo").run()
      }
      commit = saved
      live.undo(to: mark)
      liveTriggers.undo(to: markOfTriggers)
      forget()
      throw error
    }
    _ = live.mark()  // What follows is a stretch of its own.
    try translated { () throws(SQLiteError) in try connection.cached("RELEASE undo").run() }
  }

  /// Forgets what repeats rows that may have been taken back.
  private func forget() {
    templates = TemplateCache()
    triggers = TriggerCache()
    queues = [:]
    namespaces = [:]
  }

  // MARK: Numbers

  var lastSequence: Int64 { counters.sequence }
  var generation: UInt32 { counters.generation }
  /// The rows have every change up to this page.
  var settledThrough: Int64 {
    min(live.unsettledSince ?? .max, liveTriggers.unsettledSince ?? .max, counters.page + 1) - 1
  }

  func nextSequence() -> Int64 {
    counters.sequence += 1
    return counters.sequence
  }

  func nextEpoch() -> Epoch {
    counters.epochs += 1
    return Epoch(generation: counters.generation, count: counters.epochs)
  }

  /// Numbers of rows rise with the identifiers of their tasks, so that rows are added at the end.
  func newTaskID(shards: Int) -> TaskID {
    let first = max(counters.slot + 1, UUIDv7.firstOrdinal(at: now))
    counters.slot = first + Int64(shards) - 1
    return TaskID(UUIDv7(ordinal: first, random: random.next()))
  }

  /// Starts a new generation before the counter of this one runs out.
  func refreshGeneration() throws(StoreError) {
    guard counters.epochs > Counters.mostEpochs else { return }
    let next = counters.generation + 1
    try Meta.write(generation: next, on: connection)
    (counters.generation, counters.epochs) = (next, 0)
  }

  func newID() -> UUIDv7 {
    UUIDv7(at: now, random: (random.next(), random.next()))
  }

  func jitter() -> Double {
    Double(random.next() >> 11) * 0x1p-53
  }

  func recurrence(of trigger: Trigger) throws(StoreError) -> Recurrence {
    try triggers.recurrence(of: trigger)
  }
}

/// What a ledger counts on from where the database ended.
struct Counters {
  var generation: UInt32
  var epochs: UInt32 = 0
  var sequence: Int64
  /// The last page of the journal.
  var page: Int64
  /// The rows have every change up to this page.
  var settled: Int64
  /// The last number that a slot was given.
  var slot: Int64 = 0

  /// No transaction claims more slots than are left beyond this.
  static let mostEpochs = UInt32.max - 10_000_000
}

/// Good enough for identifiers and jitter, and without a system call (SplitMix64).
struct FastRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
