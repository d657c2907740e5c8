import Engine
import Server
import Store
import TompionTesting
import Wire

/// One server: the real rules of matching and of planning, without the threads around them.
final class SimulatedServer: SimulatedProcess {
  typealias SessionID = Dispatch.SessionID

  let index: Int
  var dispatch: Dispatch
  var unstored = UnstoredReports()
  /// The open streams, those that said nothing yet not among them.
  var connections: [SessionID: Connection] = [:]
  var lastSession = 0
  private(set) var triggers = SimulatedTimekeeper<DueTrigger>()
  private(set) var delayed = SimulatedTimekeeper<DelayedSlot>()
  var clockWatch: ClockWatch
  /// How many of the store's commits it has heard of.
  private(set) var heardCommits = 0
  /// What other servers changed, for the next time that slots are bound.
  private var foreignChanges: [SlotChange] = []
  /// The store has news for it that it has not taken in.
  private(set) var isBeingTold = false
  private var hasStirred = false
  var ticks = 0
  /// It was asked to go away.
  var isLeaving = false
  /// The clock was set while it was stopped: it notices when it goes on, and suspends reaping then.
  var missedClockStep = false

  init(_ world: World, index: Int) {
    self.index = index
    let now = Moment(monotonic: .zero, wall: HostClock.start)
    dispatch = Dispatch(lease: world.scenario.lease, now: now)
    clockWatch = ClockWatch(at: now)
    super.init(world, name: "server \(Character(UnicodeScalar(UInt8(65 + index))))")
  }

  var wall: Timestamp { world.clock.now }
  var moment: Moment { Moment(monotonic: .microseconds(world.queue.now), wall: wall) }

  // MARK: Life

  /// Starts the process, which takes up what the store knows before it listens.
  override func begin() {
    super.begin()
    let bound = world.twin?.queueBound ?? world.scenario.queueBound
    dispatch = Dispatch(lease: world.scenario.lease, now: moment, queueBound: bound)
    unstored = UnstoredReports()
    connections = [:]
    lastSession = 0
    isBeingTold = false
    hasStirred = false
    isLeaving = false
    missedClockStep = false
    ticks = 0
    clockWatch = ClockWatch(at: moment)
    world.oracle.excuse(for: .seconds(5))
    world.note(.process, UInt64(index), UInt64(life)) { "\(self.name) starts" }
    world.store.betweenTransactions { [self] in takeUp() }
    triggers = SimulatedTimekeeper(self, load: loadTriggers, act: fire)
    delayed = SimulatedTimekeeper(self, load: loadDelayed, act: ready)
    triggers.turn()
    delayed.turn()
    later(.milliseconds(200)) { [self] in tick() }
    later(.milliseconds(500)) { [self] in watchClock() }
    later(.seconds(60)) { [self] in lookAfter() }
  }

  private func takeUp() {
    foreignChanges = []
    heardCommits = world.store.commits.count
    let tables = world.store.ledger.tables
    dispatch.restore(tables.slotsInHand().filter { isMine($0.slot) }, at: moment)
    for queue in tables.liveQueues() {
      let bound = dispatch.matchmaker.queueBound
      let slots = tables.readySlots(queue, readyBy: wall, limit: bound)
      dispatch.matchmaker.refill(queue, with: slots, isAll: slots.count < bound)
    }
  }

  override func end() {
    let connections = connections
    super.end()
    world.oracle.excuse(for: .zero)
    for connection in connections.values { world.cutByCrash(connection, of: self) }
  }

  // MARK: The store

  /// Asks for one operation, and hears its answer once it is committed.
  func perform<Value: Sendable>(
    _ operation: @escaping (@escaping Reply<Value>) -> StoreOperation,
    then: @escaping (Result<Value, StoreError>) -> Void
  ) {
    let box = AnswerBox<Value>()
    post(
      { (operation { box.fill($0) }, []) },
      done: { error in
        guard let result = error.map(Result.failure) ?? box.result else { return }
        then(result)
      }
    )
  }

  /// Asks for commands to be carried out; `prepare` is asked for them when the transaction begins.
  func apply(
    _ prepare: @escaping () -> [SlotCommand],
    then: @escaping (Result<[Verdict], StoreError>) -> Void
  ) {
    let box = AnswerBox<[Verdict]>()
    post(
      { [world] in
        let commands = prepare()
        let carriedOut = world.twin?.replacement(for: commands, in: world.store.ledger) ?? commands
        return (.apply(carriedOut) { box.fill($0) }, commands)
      },
      verdicts: { (try? box.result?.get()) ?? [] },
      done: { error in
        guard let result = error.map(Result.failure) ?? box.result else { return }
        then(result)
      }
    )
  }

  private func post(
    _ prepare: @escaping () -> (operation: StoreOperation?, commands: [SlotCommand]),
    verdicts: @escaping () -> [Verdict] = { [] },
    done: @escaping (StoreError?) -> Void
  ) {
    world.store.post(
      StoreRequest(server: self, life: life, prepare: prepare, verdicts: verdicts, done: done)
    )
  }

  /// Runs matching in a transaction of its own, if nothing else is about to.
  func stir() {
    guard !hasStirred, !world.store.hasRequests(of: self) else { return }
    hasStirred = true
    let prepare = { [self] () -> (operation: StoreOperation?, commands: [SlotCommand]) in
      hasStirred = false
      return (nil, [])
    }
    later(.microseconds(20)) { [self] in post(prepare, done: { _ in }) }
  }

  /// Has news of the store taken in, before the store begins anything else for this server.
  func tell(_ news: @escaping () -> Void) {
    isBeingTold = true
    atOnce { [self] in
      isBeingTold = false
      news()
      world.queue.schedule(after: .zero) { [world] in world.store.beginNext() }
    }
  }

  func committed(_ commit: Commit) {
    dispatch.committed(commit, at: moment)
    note(commit)
    if dispatch.matchmaker.canMatch { stir() }
    wake()
  }

  // MARK: The other servers

  /// Takes in what other servers have committed; returns what they changed since slots were bound last.
  func catchUp() -> [SlotChange] {
    let commits = world.store.commits
    while heardCommits < commits.count {
      let (server, commit) = commits[heardCommits]
      heardCommits += 1
      guard server != index else { continue }
      var foreign = Commit()
      foreign.changes = commit.changes
      dispatch.committed(foreign, at: moment)
      note(commit)
      foreignChanges += commit.changes
    }
    defer { foreignChanges = [] }
    return foreignChanges
  }

  /// A worker process speaks with this server from now on: what it has in hand is looked after here.
  func moveIn(_ boot: BootID) {
    guard world.store.homes.updateValue(index, forKey: boot) != index else { return }
    foreignChanges = catchUp()
    let inHand = world.store.ledger.tables.slotsInHand().filter { $0.slot.owner?.boot == boot }
    dispatch.restore(inHand, at: moment)
  }

  /// Whether it is for this server to look after a slot: nobody has it in hand, or a worker that spoke
  /// with this server last.
  func isMine(_ slot: Slot) -> Bool {
    guard let boot = slot.owner?.boot, let home = world.store.homes[boot] else { return true }
    return home == index
  }

  private func note(_ commit: Commit) {
    for trigger in commit.dueTriggers { triggers.note(trigger) }
    for slot in commit.delayedSlots { delayed.note(slot) }
  }
}
