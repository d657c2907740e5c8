import Engine
import Server
import Store
import TompionTesting

/// The one store of all servers: real operations over the in-memory ledger, one transaction at a time.
///
/// A transaction takes time: its server goes on meanwhile, and it may fail, or lose its answer, or lose
/// its server.
final class SimulatedStore {
  private struct OpenTransaction {
    let request: StoreRequest
    let commands: [SlotCommand]
    let answer: StoreOperation.Answer
    let bindings: [SlotCommand]
    let fate: CommitFate
    /// Set when the transaction may have to be undone.
    let before: MemoryLedger.Savepoint?
  }

  unowned let world: World
  let ledger: MemoryLedger
  var weather = StoreWeather.calm
  /// While set, every transaction fails, as with a full disk.
  var isOut = false
  private var waiting: [StoreRequest] = []
  private var open: OpenTransaction?
  private var readers: [() -> Void] = []
  /// A transaction has ended, and who waited to read has not yet done so.
  private var isBeingRead = false
  /// Every commit so far and which server made it, for the others to read.
  private(set) var commits: [(server: Int, commit: Commit)] = []
  /// The server with which a worker process spoke last.
  var homes: [BootID: Int] = [:]

  init(_ world: World, seed: UInt64) {
    self.world = world
    let clock = world.clock
    ledger = MemoryLedger(clock: { clock.now }, seed: seed, generation: 1)
  }

  // MARK: Reading

  /// Reads what is committed at some moment, and hands it to the server some time later.
  func read<Value>(
    for server: SimulatedServer,
    _ body: @escaping (MemoryTables) -> Value,
    then: @escaping (Value) -> Void
  ) {
    server.later(world.random.duration(weather.readTime)) { [self] in
      betweenTransactions { [self] in
        let value = body(ledger.tables)
        server.later(world.random.duration(weather.readTime)) { then(value) }
      }
    }
  }

  /// Has `action` see committed rows only.
  func betweenTransactions(_ action: @escaping () -> Void) {
    if open == nil { action() } else { readers.append(action) }
  }

  // MARK: Writing

  func post(_ request: StoreRequest) {
    waiting.append(request)
    beginNext()
  }

  /// Whether a server has anything on its way into the store.
  func hasRequests(of server: SimulatedServer) -> Bool {
    waiting.contains { $0.server === server && $0.life == server.life }
  }

  /// Begins the next transaction whose server runs.
  func beginNext() {
    guard open == nil, !isBeingRead else { return }
    waiting.removeAll { $0.life != $0.server.life }
    guard let place = waiting.firstIndex(where: { $0.server.isRunning && !$0.server.isBeingTold })
    else { return }
    begin(waiting.remove(at: place))
  }

  private func begin(_ request: StoreRequest) {
    let fate = fate()
    ledger.begin()
    let before =
      fate == .failed || world.random.chance(world.faults.lostCommits) ? ledger.savepoint() : nil
    let foreign = request.server.catchUp()
    let (operation, commands) = request.prepare()
    world.twin?.begins(ledger, commands)
    var answer: StoreOperation.Answer = {}
    if let operation {
      do throws(StoreError) {
        answer = try operation.perform(ledger)
      } catch {
        answer = { operation.fail(error) }
      }
    }
    world.twin?.performed(ledger)
    let bindings = request.server.dispatch.bind(
      after: foreign + ledger.commit.changes,
      now: request.server.wall
    )
    ledger.readClock()
    do throws(StoreError) {
      try ledger.bind(bindings)
    } catch {
      preconditionFailure("in memory nothing fails: \(error)")
    }
    world.twin?.ends(ledger)
    open = OpenTransaction(
      request: request,
      commands: commands,
      answer: answer,
      bindings: bindings,
      fate: fate,
      before: before
    )
    if tellsEarly { request.server.committed(ledger.commit) }
    let isSlow = world.random.chance(weather.slowness)
    let range = isSlow ? weather.slowCommitTime : weather.commitTime
    world.queue.schedule(after: world.random.duration(range)) { [self] in finish() }
  }

  private func fate() -> CommitFate {
    if isOut || world.random.chance(weather.failures) { return .failed }
    return world.random.chance(weather.unknowns) ? .unknown : .committed
  }

  private func finish() {
    guard let open else { return }
    self.open = nil
    isBeingRead = true
    let request = open.request
    let isGone = request.life != request.server.life
    if open.fate == .failed || isGone, let before = open.before {
      undo(open, to: before)
    } else {
      keep(open, isGone: isGone)
    }
    let readers = readers
    self.readers = []
    for reader in readers { reader() }
    isBeingRead = false
    beginNext()
  }

  private func undo(_ open: OpenTransaction, to before: MemoryLedger.Savepoint) {
    ledger.restore(before)
    world.note(.commit, 0, 1) { "\(open.request.server.name) undone" }
    let server = open.request.server
    guard open.request.life == server.life else { return }
    let error = StoreError(.unavailable, "the store cannot write now")
    server.tell { [self] in
      if !tellsEarly { server.dispatch.undone(open.bindings) }
      open.request.done(error)
    }
  }

  private func keep(_ open: OpenTransaction, isGone: Bool) {
    let request = open.request
    let commit = ledger.end()
    open.answer()
    commits.append((request.server.index, commit))
    world.oracle.committed(commit, of: open.commands, verdicts: request.verdicts())
    guard !isGone else { return }
    let error =
      open.fate == .unknown ? StoreError(.unavailable, "the store did not answer") : nil
    request.server.tell { [self] in
      if !tellsEarly { request.server.committed(commit) }
      request.done(error)
    }
  }

  private var tellsEarly: Bool { world.twin?.tellsBeforeCommit ?? false }
}
