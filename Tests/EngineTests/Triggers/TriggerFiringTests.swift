import Engine
import Testing

@Suite struct TriggerFiringTests {
  @Test(arguments: MisfirePolicy.allCases, OverlapPolicy.allCases)
  func `every fire ends as a task or in a record, exactly once`(
    misfire: MisfirePolicy,
    overlap: OverlapPolicy
  ) throws {
    for seed in 1...8 {
      var drive = try TriggerDrive("@every 7s") {
        $0.misfire = misfire
        $0.overlap = overlap
      }
      var chance = Chance(seed: UInt64(seed))
      for _ in 1...60 {
        let wait: Duration = chance.roll(20) == 0 ? .seconds(200_000) : .seconds(chance.roll(90))
        drive.now = drive.now + wait
        drive.fireAll()
        while !drive.open.isEmpty, chance.roll(3) > 0 {
          drive.end(at: chance.roll(drive.open.count))
        }
      }
      drive.settle()
      drive.expectFullAccount()
    }
  }

  @Test func `a fire that is a little late runs by itself`() throws {
    var drive = try TriggerDrive("@every 10s")
    drive.now = drive.now + .seconds(70)
    drive.fireAll()
    #expect(drive.tasks.map(\.nominal) == (1...7).map { 10 * $0 })
    #expect(drive.skips.isEmpty)
  }

  @Test func `the window decides what is late`() throws {
    var drive = try TriggerDrive("@every 10s") { $0.misfireWindow = .seconds(5) }
    drive.now = drive.now + .seconds(36)
    drive.fireAll()
    #expect(drive.tasks.map(\.nominal) == [30])
    #expect(drive.tasks.map(\.missed) == [3])
    #expect(drive.skips.map(\.count) == [2])
  }

  @Test func `missed fires made up for are the newest hundred, one at a time`() throws {
    var drive = try TriggerDrive("@every 10s") { $0.misfire = .all }
    drive.now = drive.now + .seconds(20_000)
    drive.fireAll()
    #expect(drive.tasks.count == 1)
    #expect(drive.skips.map(\.count) == [1893])
    for made in 2...100 {
      drive.end(at: 0)
      drive.fireAll()
      #expect(drive.tasks.count == made || made == 100)
    }
    #expect(drive.tasks.prefix(100).map(\.missed) == Array(repeating: 1, count: 100))
    #expect(drive.tasks.prefix(100).map(\.nominal) == (1894...1993).map { 10 * $0 })
    drive.settle()
    drive.expectFullAccount()
  }

  @Test func `missed fires older than a day are not made up for`() throws {
    var drive = try TriggerDrive("@every 1h") { $0.misfire = .all }
    drive.now = drive.now + .seconds(100 * 3600)
    drive.fireAll()
    #expect(drive.skips.map(\.count) == [75])
    #expect(drive.tasks.first?.nominal == 76 * 3600)
  }

  @Test func `a rare trigger that missed its day goes on with the next`() throws {
    var drive = try TriggerDrive("@every 168h") { $0.misfire = .all }
    drive.now = drive.now + .seconds(10 * 24 * 3600)
    drive.fireAll()
    #expect(drive.tasks.isEmpty)
    #expect(drive.skips.map(\.count) == [1])
    #expect(drive.trigger.state.nextFireAt == drive.start + .seconds(14 * 24 * 3600))
  }

  @Test func `a clock set back fires nothing again`() throws {
    var drive = try TriggerDrive("@every 10s")
    drive.now = drive.now + .seconds(30)
    drive.fireAll()
    drive.now = drive.start
    drive.fireAll()
    drive.trigger.replan(at: drive.now, recurrence: drive.recurrence)
    drive.now = drive.start + .seconds(30)
    drive.fireAll()
    #expect(drive.tasks.map(\.nominal) == [10, 20, 30])
    #expect(drive.trigger.state.nextFireAt == drive.start + .seconds(40))
  }

  @Test func `a fixed delay waits for the end, also when it is late`() throws {
    var drive = try TriggerDrive("after 10s")
    drive.now = drive.now + .seconds(3600)
    drive.fireAll()
    #expect(drive.tasks.count == 1 && drive.skips.isEmpty)
    #expect(drive.trigger.state.nextFireAt == nil)
    drive.now = drive.now + .seconds(5)
    drive.end(at: 0)
    #expect(drive.trigger.state.nextFireAt == drive.now + .seconds(10))
  }

  @Test(arguments: [OverlapPolicy.skip, .queue])
  func `a fixed delay that was skipped is counted from the end of what it was skipped for`(
    policy: OverlapPolicy
  ) throws {
    var drive = try TriggerDrive("@every 10s") { $0.overlap = policy }
    drive.now = drive.now + .seconds(20)
    drive.fireAll()  // Under `queue` the second waits behind the first.
    try drive.redefine { $0.schedule = "after 10s" }
    drive.now = drive.now + .seconds(10)
    drive.fireAll()
    #expect(drive.trigger.state.nextFireAt == nil && drive.skips.last?.reason == .overlap)
    while !drive.open.isEmpty {
      drive.now = drive.now + .seconds(5)
      drive.end(at: 0)
    }
    #expect(drive.trigger.state.nextFireAt == drive.now + .seconds(10))
  }

  @Test func `a fixed delay that follows the clock back leaves the watermark where it was`() throws
  {
    var drive = try TriggerDrive("@every 10s")
    drive.now = drive.now + .seconds(30)
    drive.fireAll()
    drive.now = drive.start
    try drive.redefine { $0.schedule = "after 10s" }
    drive.now = drive.now + .seconds(10)
    drive.fireAll()
    drive.end(at: drive.open.count - 1)
    try drive.redefine(anchor: drive.start) { $0.schedule = "@every 10s" }
    drive.now = drive.start + .seconds(40)
    drive.fireAll()
    #expect(drive.tasks.map(\.nominal) == [10, 20, 30, 10, 40])
  }

  @Test func `a trigger that is offline owes nothing`() throws {
    var drive = try TriggerDrive("@every 10s")
    drive.trigger.goOffline(at: drive.now)
    drive.now = drive.now + .seconds(100)
    drive.fireAll()
    #expect(drive.tasks.isEmpty)
    let skip = drive.trigger.goOnline(at: drive.now, recurrence: drive.recurrence)
    #expect(skip?.count == 10)
    #expect(drive.trigger.state.nextFireAt == drive.now + .seconds(10))
    #expect(drive.trigger.goOnline(at: drive.now, recurrence: drive.recurrence) == nil)
  }

  @Test func `a trigger whose rule cannot be read stops planning but releases what it held`() throws
  {
    var drive = try TriggerDrive("@every 10s") { $0.overlap = .queue }
    drive.now = drive.now + .seconds(20)
    drive.fireAll()
    let (active, held) = (drive.open[0], drive.open[1])
    #expect(drive.trigger.taskEnded(active, at: drive.now, recurrence: nil) == held)
  }
}

/// One trigger, driven by hand: what it made, and what it skipped.
private struct TriggerDrive {
  var trigger: Trigger
  private(set) var recurrence: Recurrence
  let start = Timestamp(seconds: 1_700_000_000)
  var now: Timestamp
  var tasks: [(nominal: Int, missed: Int)] = []
  var skips: [Skip] = []
  /// Tasks that have not ended; a held one after what it waits for.
  var open: [TaskID] = []
  private var lastTask: UInt64 = 0

  init(_ schedule: String, _ edit: (inout TriggerDefinition) -> Void = { _ in }) throws {
    var definition = TriggerDefinition(handler: "h", schedule: schedule)
    edit(&definition)
    now = start
    recurrence = try definition.recurrence(anchor: start) { _ in .utc }
    trigger = Trigger(
      id: TriggerID(UUIDv7(high: 1, low: 1)),
      namespace: "n",
      name: "t",
      definition: definition,
      createdAt: start,
      state: Trigger.State(isOnline: true, anchor: start, firedThrough: start)
    )
    trigger.replan(at: start, recurrence: recurrence)
  }

  /// `anchor` is now unless given.
  mutating func redefine(
    anchor: Timestamp? = nil,
    _ edit: (inout TriggerDefinition) -> Void
  ) throws {
    edit(&trigger.definition)
    recurrence = try trigger.definition.recurrence(anchor: anchor ?? now) { _ in .utc }
    trigger.replan(at: now, recurrence: recurrence)
  }

  mutating func fireAll() {
    var steps = 0
    while let plan = trigger.fire(at: now, task: nextTask(), recurrence: recurrence) {
      skips += plan.skips
      if let task = plan.task {
        tasks.append((Int((task.nominalAt - start).components.seconds), task.missed))
        open.append(task.id)
      }
      for replaced in plan.replaced { end(replaced) }
      steps += 1
      guard steps < 100_000 else {
        Issue.record("the trigger fires without end")
        return
      }
    }
  }

  private mutating func nextTask() -> TaskID {
    lastTask += 1
    return TaskID(UUIDv7(high: 2, low: lastTask))
  }

  mutating func end(at index: Int) {
    end(open[index])
  }

  private mutating func end(_ task: TaskID) {
    open.removeAll { $0 == task }
    _ = trigger.taskEnded(task, at: now, recurrence: recurrence)
  }

  /// Lets everything end until nothing is owed.
  mutating func settle() {
    while !open.isEmpty || trigger.state.nextFireAt.map({ $0 <= now }) ?? false {
      while !open.isEmpty { end(at: 0) }
      fireAll()
    }
  }

  /// Compares what was made and recorded with what the rule says was due.
  func expectFullAccount() {
    var stretches = tasks.map { (start + .seconds($0.nominal), start + .seconds($0.nominal), 1) }
    stretches += skips.map { ($0.from, $0.through, $0.count) }
    stretches.sort { $0.0 < $1.0 }
    var last = start
    for (from, through, count) in stretches {
      #expect(from == recurrence.next(after: last))
      #expect(count == recurrence.count(after: last, through: through))
      last = through
    }
    #expect(recurrence.next(after: last).map { $0 > now } == true)
  }
}

/// The same rolls for the same seed (SplitMix64).
private struct Chance {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  /// From 0 up to `sides`.
  mutating func roll(_ sides: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((mixed ^ (mixed >> 31)) % UInt64(sides))
  }
}
