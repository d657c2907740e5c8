import Engine
import Store
import Testing
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1)))
struct DispatchTests {
  var fixture = DispatchFixture()
  let boot = BootID(UUIDv7(high: 9, low: 1))
  let other = BootID(UUIDv7(high: 9, low: 2))

  @Test mutating func `a task with a waiting worker is offered in the commit that creates it`()
    throws
  {
    #expect(fixture.connect(1, boot: boot, credits: 1) != nil)
    let bound = try fixture.commit([fixture.task()])
    #expect(bound.count == 1)
    let offers = fixture.dispatch.nextMessage(1)?.offers
    #expect(offers?.map(\.run) == bound.map(\.slot.run))
    #expect(offers?.first?.attempt == 1)
  }

  @Test mutating func `no more offers are in flight than credits were granted`() throws {
    _ = fixture.connect(1, boot: boot, credits: 2)
    let tasks = (0..<5).map { _ in fixture.task() }
    #expect(try fixture.commit(tasks).count == 2)
  }

  @Test mutating func `an offer whose stream closed before its commit is taken back`() throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let task = fixture.task()
    let bound = fixture.dispatch.bind(after: [task], now: fixture.now.wall)
    fixture.dispatch.closed(1)
    let offer = try #require(try fixture.settle(bound, [task]).first)
    fixture.advance(.seconds(9))
    #expect(fixture.dispatch.overdue(at: fixture.now).isEmpty)
    fixture.advance(.seconds(2))
    let overdue = fixture.dispatch.overdue(at: fixture.now)
    #expect(overdue.map(\.slot) == [task.slot.id] && overdue.map(\.event) == [.leaseLost])
    _ = try fixture.move(.leaseLost, offer)
    #expect(fixture.dispatch.overdue(at: fixture.now).isEmpty)
  }

  @Test mutating func `an offer whose stream closed before its commit waits for the worker`() throws
  {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let task = fixture.task()
    let bound = fixture.dispatch.bind(after: [task], now: fixture.now.wall)
    fixture.dispatch.closed(1)
    let offer = try #require(try fixture.settle(bound, [task]).first)
    _ = fixture.connect(2, boot: boot)
    #expect(fixture.lost.map(\.slot) == [offer.slot.id])
    #expect(fixture.lost.map(\.event) == [.acknowledgementOverdue])
  }

  @Test mutating func `a slot that is ready by the store's clock is bound, whatever this one says`()
    throws
  {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let task = fixture.task()
    fixture.advance(.seconds(-1))
    #expect(fixture.dispatch.bind(after: [task], now: fixture.now.wall).count == 1)
  }

  @Test
  mutating func `a second process of the same worker is refused while the first is connected`() {
    #expect(fixture.connect(1, boot: boot) != nil)
    #expect(fixture.connect(2, boot: other) == nil)
    #expect(fixture.dispatch.nextMessage(2)?.refuse?.code == "worker-id-taken")
  }

  @Test mutating func `a second process is welcome once the first one's stream is gone`() {
    _ = fixture.connect(1, boot: boot)
    fixture.dispatch.closed(1)
    #expect(fixture.connect(2, boot: other) != nil)
  }

  @Test mutating func `the newest stream of a process wins`() {
    _ = fixture.connect(1, boot: boot)
    #expect(fixture.connect(2, boot: boot) != nil)
    let closed = fixture.dispatch.takeWork().close
    #expect(closed.map(\.session) == [1])
    #expect(closed.map(\.reason) == [.replaced])
  }

  @Test mutating func `a hello that comes after its stream closed leaves nothing behind`() {
    #expect(fixture.connect(1, boot: boot, closedBefore: true) == nil)
    #expect(fixture.connect(2, boot: other) != nil)  // The name is free.
  }

  @Test mutating func `the newest stream wins even when its hello is looked at first`() {
    fixture.dispatch.opened(1)
    #expect(fixture.connect(2, boot: boot) != nil)
    #expect(fixture.connect(1, boot: boot) == nil)
    #expect(fixture.dispatch.takeWork().close.map(\.session) == [1])
  }

  @Test mutating func `an operator's drain is said in a way the worker can keep`() {
    _ = fixture.connect(1, boot: boot, handlers: ["a", "b"])
    _ = fixture.dispatch.drain(worker: "w", namespace: "default")
    let configure = fixture.dispatch.nextMessage(1)?.configure
    #expect(configure == Configure(disabledHandlers: ["a", "b"]))
  }

  @Test mutating func `a binding to a stream that was replaced takes room on the new one`() throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let change = fixture.task()
    let commands = fixture.dispatch.bind(after: [change], now: fixture.now.wall)
    _ = fixture.connect(2, boot: boot, credits: 100)
    try fixture.settle(commands, [change])
    let tasks = (0..<20).map { _ in fixture.task() }
    #expect(try fixture.commit(tasks).count == 9)  // Of a capacity of 10.
  }

  @Test mutating func `a slot that is queued twice is bound once`() throws {
    _ = fixture.connect(1, boot: boot, credits: 2)
    let change = fixture.task()
    let commands = fixture.dispatch.bind(after: [change, change], now: fixture.now.wall)
    #expect(commands.count == 1)
    try fixture.settle(commands, [change])
    #expect(try fixture.commit([fixture.task()]).count == 1)
  }

  @Test mutating func `a worker that comes back keeps what it reports`() throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let offered = try fixture.commit([fixture.task()])[0]
    let running = try fixture.move(.started, offered, boot: boot)
    fixture.dispatch.closed(1)
    fixture.advance(.seconds(5))
    let welcome = fixture.connect(2, boot: boot, inFlight: [running.slot.run])
    #expect(welcome?.keep == [running.slot.run])
    #expect(welcome?.abandon.isEmpty == true)
    #expect(fixture.lost.isEmpty)
  }

  @Test mutating func `what a worker that comes back does not report goes to others at once`()
    throws
  {
    _ = fixture.connect(1, boot: boot, credits: 2)
    let bound = try fixture.commit([fixture.task(), fixture.task()])
    let running = try fixture.move(.started, bound[0], boot: boot)
    fixture.dispatch.closed(1)
    _ = fixture.connect(2, boot: boot)
    let events = Dictionary(uniqueKeysWithValues: fixture.lost.map { ($0.slot, $0.event) })
    #expect(events[running.slot.id] == .leaseLost)
    #expect(events[bound[1].slot.id] == .acknowledgementOverdue)
  }

  @Test mutating func `what a worker no longer knows of is given up until the store has done it`()
    throws
  {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let running = try fixture.move(.started, fixture.commit([fixture.task()])[0], boot: boot)
    fixture.dispatch.closed(1)
    _ = fixture.connect(2, boot: boot)
    #expect(fixture.lost.map(\.event) == [.leaseLost])  // Say the store cannot take it now.
    #expect(fixture.dispatch.overdue(at: fixture.now).map(\.event) == [.leaseLost])
    _ = try fixture.move(.leaseLost, running)
    #expect(fixture.dispatch.overdue(at: fixture.now).isEmpty)
  }

  @Test mutating func `a worker that does not read is offered nothing further until it has`() throws
  {
    _ = fixture.connect(1, boot: boot, credits: 10)
    let param = String(repeating: "x", count: 600_000)
    for _ in 0..<2 { #expect(try fixture.commit([fixture.task(param: param)]).count == 1) }
    #expect(try fixture.commit([fixture.task(param: param)]).isEmpty)
    while fixture.dispatch.nextMessage(1) != nil {}
    #expect(fixture.dispatch.bind(after: [], now: fixture.now.wall).count == 1)
  }

  @Test mutating func `a run of an old epoch is abandoned`() throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let offered = try fixture.commit([fixture.task()])[0]
    fixture.dispatch.closed(1)
    let old = RunID(slot: offered.slot.id, epoch: Epoch(1))
    #expect(fixture.connect(2, boot: boot, inFlight: [old])?.abandon == [old])
  }

  @Test mutating func `a cancellation reaches a worker that reconnects later`() throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let running = try fixture.move(.started, fixture.commit([fixture.task()])[0], boot: boot)
    fixture.dispatch.closed(1)
    _ = try fixture.move(.limitPassed(.run), running)
    let welcome = fixture.connect(2, boot: boot, inFlight: [running.slot.run])
    #expect(welcome?.cancels == [Cancel(run: running.slot.run, reason: .runTimeout)])
  }

  @Test mutating func `a lease that ends gives up everything the worker has`() throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let offered = try fixture.commit([fixture.task()])[0]
    fixture.dispatch.closed(1)
    fixture.advance(.seconds(9))
    #expect(fixture.dispatch.overdue(at: fixture.now).isEmpty)
    fixture.advance(.seconds(2))
    #expect(fixture.dispatch.overdue(at: fixture.now).map(\.event) == [.leaseLost])
    #expect(fixture.dispatch.overdue(at: fixture.now).first?.fence?.epoch == offered.slot.epoch)
  }

  @Test mutating func `what is committed for a worker after its stream closed ends with its lease`()
    throws
  {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let change = fixture.task()
    let commands = fixture.dispatch.bind(after: [change], now: fixture.now.wall)
    fixture.dispatch.closed(1)
    try fixture.settle(commands, [change])
    #expect(fixture.dispatch.overdue(at: fixture.now).isEmpty)
    fixture.advance(.seconds(11))
    #expect(fixture.dispatch.overdue(at: fixture.now).map(\.event) == [.leaseLost])
  }

  @Test mutating func `a heartbeat renews the lease and is answered`() {
    _ = fixture.connect(1, boot: boot)
    for beat in 1...5 {
      fixture.advance(.seconds(9))
      fixture.dispatch.heartbeat(1, UInt64(beat), at: fixture.now)
      #expect(fixture.dispatch.nextMessage(1)?.heartbeatAck == UInt64(beat))
    }
    _ = fixture.dispatch.overdue(at: fixture.now)
    #expect(fixture.dispatch.takeWork().close.isEmpty)
  }

  @Test mutating func `the lease of a worker with nothing in hand ends while others beat on`() {
    _ = fixture.connect(1, worker: "silent", boot: boot)
    var endedAfter: Int?
    for second in 1...12 where endedAfter == nil {
      fixture.advance(.seconds(1))
      if second == 4 { _ = fixture.connect(2, worker: "late", boot: other) }
      if second > 4 { fixture.dispatch.heartbeat(2, UInt64(second), at: fixture.now) }
      #expect(fixture.dispatch.overdue(at: fixture.now).isEmpty)
      let closed = fixture.dispatch.takeWork().close
      if !closed.isEmpty { endedAfter = second }
      #expect(closed.allSatisfy { $0 == (1, .leaseLost) })
    }
    #expect(endedAfter == 10)
  }

  @Test mutating func `nothing is reaped for one lease and five seconds after a clock step`() throws
  {
    _ = fixture.connect(1, boot: boot, credits: 1)
    try fixture.commit([fixture.task()])
    fixture.dispatch.closed(1)
    fixture.advance(.seconds(9))
    fixture.dispatch.startGrace(fixture.now)
    fixture.advance(.seconds(14))
    #expect(fixture.dispatch.overdue(at: fixture.now).isEmpty)
    fixture.advance(.seconds(2))
    #expect(fixture.dispatch.overdue(at: fixture.now).count == 1)
  }

  @Test mutating func `an offer without an answer is taken back after ten seconds`() throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let offered = try fixture.commit([fixture.task()])[0]
    _ = fixture.dispatch.nextMessage(1)
    fixture.advance(.seconds(9))
    fixture.dispatch.heartbeat(1, 1, at: fixture.now)
    fixture.advance(.seconds(2))
    let overdue = fixture.dispatch.overdue(at: fixture.now)
    #expect(overdue.map(\.event) == [.acknowledgementOverdue])
    _ = try fixture.move(.acknowledgementOverdue, offered)
    #expect(fixture.dispatch.nextMessage(1)?.revokes == [offered.slot.run])
  }

  @Test(arguments: [
    (TimeLimits(run: .seconds(3)), SlotEvent.limitPassed(.run)),
    (TimeLimits(run: .seconds(60), heartbeat: .seconds(3)), .limitPassed(.heartbeat)),
    (TimeLimits(run: .seconds(60), total: .seconds(3)), .limitPassed(.total)),
  ])
  mutating func `a running slot is stopped when a limit passes`(
    _ limits: TimeLimits,
    _ expected: SlotEvent
  ) throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let offered = try fixture.commit([fixture.task(limits: limits)])[0]
    let running = try fixture.move(.started, offered, boot: boot)
    fixture.advance(.seconds(2))
    #expect(fixture.dispatch.overdue(at: fixture.now).isEmpty)
    fixture.advance(.seconds(2))
    #expect(fixture.dispatch.overdue(at: fixture.now).map(\.event) == [expected])
    let stopping = try fixture.move(expected, running)
    #expect(fixture.dispatch.nextMessage(1)?.cancels.map(\.run) == [stopping.slot.run])
    for beat in 1...3 {
      fixture.advance(.seconds(9))
      fixture.dispatch.heartbeat(1, UInt64(beat), at: fixture.now)
    }
    #expect(fixture.dispatch.overdue(at: fixture.now).isEmpty)
    fixture.advance(.seconds(4))
    #expect(fixture.dispatch.overdue(at: fixture.now).map(\.event) == [.stopOverdue])
  }

  @Test mutating func `progress puts the heartbeat limit off`() throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let limits = TimeLimits(run: .seconds(60), heartbeat: .seconds(3))
    let offered = try fixture.commit([fixture.task(limits: limits)])[0]
    let running = try fixture.move(.started, offered, boot: boot)
    for _ in 0..<3 {
      fixture.advance(.seconds(2))
      let beat = Report(run: running.slot.run, event: .progress(percent: 1, note: nil))
      _ = fixture.dispatch.reports([beat], from: 1, at: fixture.now)
      #expect(fixture.dispatch.overdue(at: fixture.now).isEmpty)
    }
  }

  @Test mutating func `a final report is acknowledged, a refused one is stale and counted`() throws
  {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let offered = try fixture.commit([fixture.task()])[0]
    _ = fixture.dispatch.nextMessage(1)
    let reports = [
      Report(run: offered.slot.run, event: .started(at: nil)),
      Report(run: offered.slot.run, event: .succeeded(result: nil)),
    ]
    let (commands, _) = fixture.dispatch.reports(reports, from: 1, at: fixture.now)
    fixture.dispatch.answer(commands, [.moved, .moved], boot: boot)
    #expect(fixture.dispatch.nextMessage(1)?.resultAcks == [offered.slot.run])
    fixture.dispatch.answer(commands, [.refused(.staleEpoch), .refused(.staleEpoch)], boot: boot)
    #expect(fixture.dispatch.nextMessage(1)?.stales.count == 2)
    #expect(fixture.dispatch.refusedReports == [.staleEpoch: 2])
  }

  @Test mutating func `a refused binding gives its credit back`() throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let change = fixture.task()
    let commands = fixture.dispatch.bind(after: [change], now: fixture.now.wall)
    var commit = Commit()
    commit.unbound = commands
    fixture.dispatch.committed(commit, at: fixture.now)
    #expect(try fixture.commit([fixture.task()]).count == 1)
  }

  @Test mutating func `room that a commit makes is put to use without another event`() throws {
    _ = fixture.connect(1, boot: boot, credits: 20)  // Its capacity is 10.
    let tasks = (0..<11).map { _ in fixture.task() }
    let first = try #require(try fixture.commit(tasks).first)
    #expect(!fixture.dispatch.matchmaker.canMatch)
    let started = try fixture.move(.started, first, boot: boot)
    _ = try fixture.move(.succeeded(result: []), started, boot: boot)
    #expect(fixture.dispatch.matchmaker.canMatch)
    let next = fixture.dispatch.bind(after: [], now: fixture.now.wall)
    #expect(next.map(\.slot) == [tasks[10].slot.id])
    #expect(!fixture.dispatch.matchmaker.canMatch)
  }

  @Test mutating func `an undone transaction gives credit and slot back`() throws {
    _ = fixture.connect(1, boot: boot, credits: 1)
    let change = fixture.task()
    fixture.dispatch.undone(fixture.dispatch.bind(after: [change], now: fixture.now.wall))
    let again = fixture.dispatch.bind(after: [], now: fixture.now.wall)
    #expect(again.map(\.slot) == [change.slot.id])
  }

  @Test mutating func `a draining worker gets nothing new`() throws {
    _ = fixture.connect(1, boot: boot, credits: 5)
    fixture.dispatch.draining(1)
    #expect(try fixture.commit([fixture.task()]).isEmpty)
  }

  @Test mutating func `more than two hundred workers in an instant are told to wait`() {
    var refused = 0
    for session in 1...250 {
      let boot = BootID(UUIDv7(high: 8, low: UInt64(session)))
      if fixture.connect(session, worker: "w\(session)", boot: boot) == nil { refused += 1 }
    }
    #expect(refused == 50)
    fixture.advance(.seconds(1))
    #expect(fixture.connect(999, worker: "late", boot: boot) != nil)
  }

  @Test mutating func `a worker that reads nothing is cut off when too much waits for it`() {
    _ = fixture.connect(1, boot: boot)
    let slot = SlotID(task: TaskID(UUIDv7(high: 7, low: 7)), shard: 0)
    let fence = Fence(epoch: Epoch(1), boot: boot)
    let reports = [SlotCommand](
      repeating: SlotCommand(slot, .succeeded(result: []), fence: fence),
      count: 10_000
    )
    let verdicts = [Verdict](repeating: .refused(.unknownSlot), count: reports.count)
    var answered = 0
    while fixture.dispatch.takeWork().close.isEmpty, answered < 1_000_000 {
      fixture.dispatch.answer(reports, verdicts, boot: boot)
      answered += reports.count
      _ = fixture.dispatch.overdue(at: fixture.now)
    }
    #expect((160_000...190_000).contains(answered))  // 8 MiB, of 48 bytes each.
  }
}
