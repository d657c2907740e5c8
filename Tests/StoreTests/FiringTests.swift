import Engine
import Store
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct FiringTests {
  @Test(arguments: StoreKind.allCases)
  func `a fire makes its task and plans the next in one step`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      #expect(trigger.state.nextFireAt == bench.now + .seconds(1))
      try await bench.tick()
      try await bench.store.fire(trigger.id)
      let task = try #require(try await bench.tasks(of: trigger).first)
      #expect(task.task.nominalAt == bench.now)
      #expect(!task.task.isManual)
      #expect(task.task.template.value.trigger?.name == "t")
      let after = try #require(try await bench.current(trigger))
      #expect(after.state.nextFireAt == bench.now + .seconds(1))
      #expect(after.state.firedThrough == bench.now)
      #expect(after.state.fires == 1)
      let planned = bench.matching.commits.flatMap(\.planned).last
      #expect(planned?.trigger == trigger.id && planned?.at == bench.now + .seconds(1))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `firing twice for one instant makes one task`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      try await bench.tick()
      try await bench.store.fire(trigger.id, trigger.id)
      try await bench.store.fire(trigger.id)
      bench.clock.setWall(to: bench.now - .seconds(1))
      try await bench.store.fire(trigger.id)
      #expect(try await bench.tasks(of: trigger).count == 1)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a trigger that is gone owes nothing`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      try await bench.store.fire(TriggerID(UUIDv7(high: 3, low: 3)), trigger.id)
      #expect(try await bench.tasks(of: trigger).isEmpty)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `fires within the window run each, however many there are`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      bench.clock.advance(by: .seconds(5))
      try await bench.store.fire(trigger.id)
      let tasks = try await bench.tasks(of: trigger)
      let start = trigger.createdAt
      #expect(tasks.map { $0.task.nominalAt - start } == [5, 4, 3, 2, 1].map { .seconds($0) })
      #expect(tasks.allSatisfy { $0.task.missed == 0 })
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `missed fires become one run and one record`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      bench.clock.advance(by: .seconds(100))
      try await bench.store.fire(trigger.id)
      let fires = try await bench.fires(of: trigger)
      let start = trigger.createdAt
      let missed = fires.compactMap(\.task).first { $0.task.missed > 0 }
      #expect(missed?.task.missed == 39)
      #expect(missed?.task.nominalAt == start + .seconds(39))
      let skip = try #require(fires.compactMap(\.skip).first)
      #expect(skip.reason == .misfire)
      #expect(skip.from == start + .seconds(1) && skip.through == start + .seconds(38))
      #expect(skip.count == 38)
      #expect(fires.count == 63)  // 61 within the window, the late one, the record.
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `missed fires can be left alone, and are recorded`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.misfire = .skip }
      bench.clock.advance(by: .seconds(100))
      try await bench.store.fire(trigger.id)
      let fires = try await bench.fires(of: trigger)
      #expect(fires.compactMap(\.skip).map(\.count) == [39])
      #expect(fires.compactMap(\.task).count == 61)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `missed fires can be run one after another`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger {
        $0.misfire = .all
        $0.repeats = 3
      }
      bench.clock.advance(by: .seconds(100))
      let start = trigger.createdAt
      for second in 1...3 {
        try await bench.store.fire(trigger.id)
        let tasks = try await bench.tasks(of: trigger)
        #expect(tasks.count == second)
        #expect(tasks.first?.task.nominalAt == start + .seconds(second))
        #expect(tasks.first?.task.missed == 1)
        try await bench.store.finish(try #require(tasks.first).task.id)
      }
      try await bench.store.fire(trigger.id)
      #expect(try await bench.tasks(of: trigger).count == 3)
      #expect(try await bench.fires(of: trigger).compactMap(\.skip).isEmpty)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a fixed delay counts from the end of the task before`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.schedule = "after 30s" }
      let first = try #require(trigger.state.nextFireAt)
      bench.clock.advance(by: first - bench.now)
      try await bench.store.fire(trigger.id)
      #expect(try await bench.current(trigger)?.state.nextFireAt == nil)
      bench.clock.advance(by: .seconds(7))
      let task = try #require(try await bench.tasks(of: trigger).first)
      try await bench.store.finish(task.task.id)
      #expect(try await bench.current(trigger)?.state.nextFireAt == bench.now + .seconds(30))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a rule that cannot be read makes no trigger`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let broken = TriggerDraft("broken") { $0.timeZone = "Nowhere/Atlantis" }
      let error = await #expect(throws: StoreError.self) {
        _ = try await bench.store.create(broken, idempotency: nil)
      }
      #expect(error?.code == .invalid)
      let page = try await bench.store.triggers(namespace: "default", PageRequest(limit: 10))
      #expect(page.elements.isEmpty)
    }
  }
}

extension StoreBench {
  func trigger(
    _ name: String = "t",
    _ edit: (inout TriggerDefinition) -> Void = { _ in }
  ) async throws -> Trigger {
    try await store.create(TriggerDraft(name, edit), idempotency: nil)
  }

  func current(_ trigger: Trigger) async throws -> Trigger? {
    try await store.trigger(namespace: trigger.namespace, name: trigger.name)
  }

  /// One second passes.
  func tick() async throws {
    clock.advance(by: .seconds(1))
  }

  /// One second passes, and the trigger fires.
  func fireNext(_ trigger: Trigger) async throws {
    clock.advance(by: .seconds(1))
    try await store.fire(trigger.id)
  }

  /// The tasks of a trigger, newest fire first.
  func tasks(of trigger: Trigger) async throws -> [TaskDetail] {
    try await fires(of: trigger).compactMap(\.task)
  }

  func fires(of trigger: Trigger) async throws -> [Fire] {
    try await store.fires(of: trigger.id, PageRequest(limit: 1000)).elements
  }
}

extension Fire {
  var task: TaskDetail? {
    guard case .task(let detail) = self else { return nil }
    return detail
  }

  var skip: Skip? {
    guard case .skip(let skip) = self else { return nil }
    return skip
  }
}
