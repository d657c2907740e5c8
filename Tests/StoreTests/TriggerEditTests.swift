import Engine
import Store
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct TriggerEditTests {
  @Test(arguments: StoreKind.allCases)
  func `what the old rule owed when it was edited is not lost`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      try await bench.tick()  // Due, and not yet fired.
      var definition = trigger.definition
      definition.schedule = "@every 1h"
      let edit = TriggerChange(
        namespace: trigger.namespace,
        name: trigger.name,
        revision: nil,
        action: .redefine(definition, isOnline: nil)
      )
      let edited = try await bench.store.change(edit)
      #expect(try await bench.tasks(of: trigger).map(\.task.nominalAt) == [bench.now])
      #expect(edited.state.nextFireAt == bench.now + .seconds(3600))
      #expect(edited.state.fires == 1)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `missed fires that an edit cuts off are recorded`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.misfire = .all }
      bench.clock.advance(by: .seconds(200))
      try await bench.store.fire(trigger.id)  // The first of many that run one at a time.
      var definition = trigger.definition
      definition.schedule = "@every 1h"
      let edit = TriggerChange(
        namespace: trigger.namespace,
        name: trigger.name,
        revision: nil,
        action: .redefine(definition, isOnline: nil)
      )
      _ = try await bench.store.change(edit)
      let fires = try await bench.fires(of: trigger)
      let skipped = fires.compactMap(\.skip).reduce(0) { $0 + $1.count }
      #expect(skipped + fires.compactMap(\.task).count == 200)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `missed fires go on one at a time when the policy is edited meanwhile`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.misfire = .all }
      bench.clock.advance(by: .seconds(200))
      try await bench.store.fire(trigger.id)
      var definition = trigger.definition
      definition.misfire = .once
      let edit = TriggerChange(of: trigger, .redefine(definition, isOnline: nil))
      _ = try await bench.store.change(edit)
      for count in 1...3 {
        let tasks = try await bench.tasks(of: trigger)
        let open = try #require(tasks.first { !$0.state.isFinal }, "\(count) tasks, and no more")
        try await bench.store.finish(open.task.id)
        try await bench.store.fire(trigger.id)
      }
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a trigger is kept as it was defined`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger {
        $0.param = "p"
        $0.shards = 4
        $0.shardParams = [2: "two"]
        $0.labels = Labels(["color": "blue"])
        $0.limits = TimeLimits(queue: .seconds(5), run: nil, total: .milliseconds(1500))
        $0.overlap = .queue
        $0.end = bench.now + .seconds(1000)
      }
      let found = try #require(try await bench.current(trigger))
      #expect(found.definition == trigger.definition)
      #expect(found.state == trigger.state)
      #expect(found.id == trigger.id && found.revision == 1)
      #expect(found.createdAt == bench.now && found.updatedAt == bench.now)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a name is taken once in a namespace`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      _ = try await bench.trigger("t")
      let error = await #expect(throws: StoreError.self) { try await bench.trigger("t") }
      #expect(error?.code == .conflict)
      try await bench.store.create(Namespace("default-2", at: bench.now))
      let other = TriggerDraft("t", in: "default-2")
      let twin = try await bench.store.create(other, idempotency: nil)
      #expect(twin.namespace == "default-2")
      let nowhere = await #expect(throws: StoreError.self) {
        try await bench.store.create(TriggerDraft("t", in: "defaul"), idempotency: nil)
      }
      #expect(nowhere?.code == .notFound)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a repeated request to create returns the first trigger`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let key = IdempotencyKey(key: "k", body: [1])
      let first = try await bench.store.create(TriggerDraft("t"), idempotency: key)
      let again = try await bench.store.create(TriggerDraft("t"), idempotency: key)
      #expect(again.id == first.id)
      let error = await #expect(throws: StoreError.self) {
        let other = IdempotencyKey(key: "k", body: [2])
        return try await bench.store.create(TriggerDraft("u"), idempotency: other)
      }
      #expect(error?.code == .keyReused)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a change is refused when somebody else was faster`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      var definition = trigger.definition
      definition.param = "new"
      let change = TriggerChange(of: trigger, .redefine(definition, isOnline: nil))
      let changed = try await bench.store.change(change)
      #expect(changed.revision == 2 && changed.definition.param == "new")
      #expect(changed.state == trigger.state)
      let error = await #expect(throws: StoreError.self) { try await bench.store.change(change) }
      #expect(error?.code == .stale)
      #expect(try await bench.current(trigger)?.revision == 2)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `tasks made before an edit keep what they were made with`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.param = "old" }
      try await bench.fireNext(trigger)
      var definition = trigger.definition
      definition.param = "new"
      let change = TriggerChange(of: trigger, .redefine(definition, isOnline: nil))
      _ = try await bench.store.change(change)
      try await bench.fireNext(trigger)
      let params = try await bench.tasks(of: trigger).map {
        String(decoding: $0.task.param, as: UTF8.self)
      }
      #expect(params == ["new", "old"])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `an edited schedule is planned from the edit`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      bench.clock.advance(by: .milliseconds(500))
      var definition = trigger.definition
      definition.schedule = "@every 10s"
      let change = TriggerChange(of: trigger, .redefine(definition, isOnline: nil))
      let changed = try await bench.store.change(change)
      #expect(changed.state.nextFireAt == bench.now + .seconds(10))
      #expect(bench.matching.commits.last?.planned.last?.at == changed.state.nextFireAt)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `time offline becomes one record, and nothing of it is run`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      try await bench.fireNext(trigger)
      let off = try await bench.store.change(TriggerChange(of: trigger, .offline))
      #expect(!off.state.isOnline && off.state.nextFireAt == nil)
      let wentOff = bench.now
      bench.clock.advance(by: .seconds(20))
      try await bench.store.fire(trigger.id)
      let on = try await bench.store.change(TriggerChange(of: off, .online))
      #expect(on.state.nextFireAt == bench.now + .seconds(1))
      let skip = try #require(try await bench.fires(of: trigger).first?.skip)
      #expect(skip.reason == .offline && skip.count == 20)
      #expect(skip.from == wentOff + .seconds(1) && skip.through == bench.now)
      #expect(skip.recordedAt == bench.now)
      #expect(try await bench.tasks(of: trigger).count == 1)
      let again = try await bench.store.change(TriggerChange(of: on, .online))
      #expect(again.state == on.state)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `an edit while offline records what the old rule left open`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      bench.clock.advance(by: .seconds(2))  // Due, and not fired yet.
      let off = try await bench.store.change(TriggerChange(of: trigger, .offline))
      bench.clock.advance(by: .seconds(3))
      var definition = off.definition
      definition.schedule = "@every 10s"
      let edit = TriggerChange(of: off, .redefine(definition, isOnline: nil))
      let edited = try await bench.store.change(edit)
      let skip = try #require(try await bench.fires(of: trigger).first?.skip)
      #expect(skip.reason == .offline && skip.count == 5 && skip.through == bench.now)
      bench.clock.advance(by: .seconds(10))
      _ = try await bench.store.change(TriggerChange(of: edited, .online))
      let counts = try await bench.fires(of: trigger).compactMap(\.skip?.count)
      #expect(counts.sorted() == [1, 5])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `deleting a trigger cancels what waits and lets run what runs`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      for _ in 1...3 { try await bench.fireNext(trigger) }
      let tasks = try await bench.tasks(of: trigger).map(\.task.id)
      let fence = try await bench.store.start(SlotID(tasks[0]))
      _ = try await bench.store.offer(SlotID(tasks[1]), to: .other)
      _ = try await bench.store.change(TriggerChange(of: trigger, .delete))
      #expect(try await bench.current(trigger)?.id == nil)
      #expect(bench.matching.commits.last?.planned.last?.at == nil)
      for task in tasks.dropFirst() {
        let slot = try await bench.store.slot(SlotID(task))
        #expect(slot?.phase == .canceled(.triggerDeleted))
      }
      let done = SlotEvent.succeeded(result: [])
      #expect(try await bench.store.apply(SlotID(tasks[0]), done, fence) == .moved)
      let twin = try await bench.trigger()
      #expect(twin.id != trigger.id)
      #expect(try await bench.fires(of: twin).isEmpty)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `deleting a trigger cancels the task it holds as well`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .queue }
      for _ in 1...2 { try await bench.fireNext(trigger) }
      let tasks = try await bench.tasks(of: trigger).map(\.task.id)
      _ = try await bench.store.change(TriggerChange(of: trigger, .delete))
      for task in tasks {
        let slot = try await bench.store.slot(SlotID(task))
        #expect(slot?.phase == .canceled(.triggerDeleted))
      }
      #expect(try await bench.store.liveQueues() == [])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `repeats count the fires that became tasks`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.repeats = 2 }
      for _ in 1...4 { try await bench.fireNext(trigger) }
      #expect(try await bench.tasks(of: trigger).count == 2)
      #expect(try await bench.current(trigger)?.state.nextFireAt == nil)
    }
  }
}

extension TriggerChange {
  init(of trigger: Trigger, _ action: Action) {
    self.init(
      namespace: trigger.namespace,
      name: trigger.name,
      revision: trigger.revision,
      action: action
    )
  }
}

extension Namespace {
  init(_ name: String, at time: Timestamp) {
    self.init(name: name, description: "", createdAt: time)
  }
}
