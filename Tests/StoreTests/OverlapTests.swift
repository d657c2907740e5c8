import Engine
import Store
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct OverlapTests {
  @Test(arguments: StoreKind.allCases)
  func `allow lets tasks run side by side`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      try await bench.fireNext(trigger)
      try await bench.fireNext(trigger)
      #expect(try await bench.store.ready().count == 2)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `skip leaves a record while the task before is not final`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .skip }
      try await bench.fireNext(trigger)
      try await bench.fireNext(trigger)
      let fires = try await bench.fires(of: trigger)
      #expect(fires.compactMap(\.skip).map(\.reason) == [.overlap])
      #expect(fires.compactMap(\.skip).first?.from == bench.now)
      try await bench.store.finish(try #require(fires.compactMap(\.task).first).task.id)
      try await bench.fireNext(trigger)
      #expect(try await bench.tasks(of: trigger).count == 2)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a task that waits for its retry still blocks`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .skip }
      try await bench.fireNext(trigger)
      let slot = SlotID(try #require(try await bench.tasks(of: trigger).first).task.id)
      let fence = try await bench.store.start(slot)
      #expect(try await bench.store.apply(slot, .failure, fence) == .moved)
      try await bench.fireNext(trigger)
      #expect(try await bench.fires(of: trigger).compactMap(\.skip).count == 1)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `queue holds one task until the one before is final`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .queue }
      for _ in 1...3 { try await bench.fireNext(trigger) }
      let tasks = try await bench.tasks(of: trigger)
      #expect(tasks.count == 2)
      #expect(try await bench.fires(of: trigger).compactMap(\.skip).count == 1)
      let (held, active) = (try #require(tasks.first).task.id, try #require(tasks.last).task.id)
      #expect(try await bench.store.ready() == [SlotID(active)])
      try await bench.store.finish(active)
      #expect(try await bench.store.ready() == [SlotID(held)])
      let row = try #require(try await bench.store.task(held)?.slots.first)
      #expect(row.history.moves.map(\.number) == [1, 2])
      try await bench.store.finish(held)
      try await bench.fireNext(trigger)
      #expect(try await bench.store.ready().count == 1)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a held task that is cancelled makes room for the next`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .queue }
      for _ in 1...2 { try await bench.fireNext(trigger) }
      let held = try #require(try await bench.tasks(of: trigger).first).task.id
      #expect(try await bench.store.command(held, .cancel(.requested)) == [.moved])
      try await bench.fireNext(trigger)
      #expect(try await bench.tasks(of: trigger).count == 3)
      #expect(try await bench.fires(of: trigger).compactMap(\.skip).isEmpty)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `replace cancels what waits and goes in its place`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .replace }
      try await bench.fireNext(trigger)
      let old = try #require(try await bench.tasks(of: trigger).first).task.id
      try await bench.fireNext(trigger)
      let new = try #require(try await bench.tasks(of: trigger).first).task.id
      #expect(try await bench.store.task(old)?.slots.first?.slot.phase == .canceled(.replaced))
      #expect(try await bench.store.ready() == [SlotID(new)])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `replace waits until the running task has stopped`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .replace }
      try await bench.fireNext(trigger)
      let old = SlotID(try #require(try await bench.tasks(of: trigger).first).task.id)
      let fence = try await bench.store.start(old)
      try await bench.fireNext(trigger)
      let middle = SlotID(try #require(try await bench.tasks(of: trigger).first).task.id)
      #expect(try await bench.store.ready() == [])
      guard case .stopping(_, _, .cancel(.replaced), _) = try await bench.store.slot(old)?.phase
      else {
        Issue.record("the old run must be asked to stop")
        return
      }
      try await bench.fireNext(trigger)
      let new = SlotID(try #require(try await bench.tasks(of: trigger).first).task.id)
      #expect(try await bench.store.slot(middle)?.phase == .canceled(.replaced))
      #expect(try await bench.store.ready() == [])
      #expect(try await bench.store.apply(old, .stopOverdue, Fence(epoch: fence.epoch)) == .moved)
      #expect(try await bench.store.ready() == [new])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a sharded task blocks until its last shard is final`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger {
        $0.overlap = .queue
        $0.shards = 2
      }
      try await bench.fireNext(trigger)
      let active = try #require(try await bench.tasks(of: trigger).first).task.id
      try await bench.fireNext(trigger)
      let held = try #require(try await bench.tasks(of: trigger).first).task.id
      for shard in 0...1 {
        #expect(try await !bench.store.ready().contains(SlotID(held, 0)))
        #expect(try await bench.store.apply(SlotID(active, shard), .cancel(.requested)) == .moved)
      }
      #expect(try await bench.store.ready() == [SlotID(held, 0), SlotID(held, 1)])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a held task that was paused waits for both reasons to go`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .queue }
      for _ in 1...2 { try await bench.fireNext(trigger) }
      let tasks = try await bench.tasks(of: trigger).map(\.task.id)
      #expect(try await bench.store.command(tasks[0], .pause) == [.moved])
      try await bench.store.finish(tasks[1])
      #expect(try await bench.store.ready() == [])
      #expect(try await bench.store.command(tasks[0], .resume) == [.moved])
      #expect(try await bench.store.ready() == [SlotID(tasks[0])])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a trigger that waits for a task which is gone is freed`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .queue }
      for _ in 1...2 { try await bench.fireNext(trigger) }
      #expect(try await bench.store.mend([trigger.id]).isEmpty)
      let ghost = TaskID(UUIDv7(high: 3, low: 3))
      try await bench.edit(trigger) { $0.active = ghost }
      #expect(try await bench.store.mend([trigger.id]) == [trigger.id])
      let held = try #require(try await bench.tasks(of: trigger).first).task.id
      #expect(try await bench.store.ready().contains(SlotID(held)))
      #expect(try await bench.current(trigger)?.state.active == held)
      #expect(try await bench.store.mend([trigger.id]).isEmpty)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a task that is held behind nothing is let go`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .queue }
      for _ in 1...2 { try await bench.fireNext(trigger) }
      let paused = try await bench.store.submit(Submission())
      _ = try await bench.store.command(paused, .pause)
      #expect(try await bench.store.mendHeldTasks(after: nil, limit: 10).released.isEmpty)
      try await bench.edit(trigger) { ($0.active, $0.held) = (nil, nil) }
      let held = try #require(try await bench.tasks(of: trigger).first).task.id
      var released: [TaskID] = []
      var cursor: TaskID?
      repeat {
        let mended = try await bench.store.mendHeldTasks(after: cursor, limit: 1)
        released += mended.released
        cursor = mended.last
      } while cursor != nil
      #expect(released == [held])
      #expect(try await bench.store.ready().contains(SlotID(held)))
      #expect(try await bench.current(trigger)?.state.active == held)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a manual run neither blocks nor is blocked`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .skip }
      var submission = Submission()
      submission.template = trigger.template
      let manual = try await bench.store.submit(submission)
      try await bench.fireNext(trigger)
      #expect(try await bench.tasks(of: trigger).count == 2)
      try await bench.store.finish(manual)
      try await bench.fireNext(trigger)
      #expect(try await bench.fires(of: trigger).compactMap(\.skip).count == 1)
      #expect(try await bench.current(trigger)?.state.fires == 1)
    }
  }
}

extension StoreBench {
  /// Breaks what the store says of a trigger, as only a bug could.
  func edit(
    _ trigger: Trigger,
    _ change: @escaping @Sendable (inout Trigger.State) -> Void
  ) async throws {
    let store = try #require(store as? any OperationStore)
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      let reply: Reply<Void> = { done.resume(with: $0) }
      store.post(
        StoreOperation(reply: reply) { ledger throws(StoreError) in
          guard var broken = try ledger.trigger(trigger.id) else { return }
          change(&broken.state)
          try ledger.update(broken)
        }
      )
    }
  }
}
