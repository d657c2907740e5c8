import Engine
import Store
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct PlanningTests {
  @Test(arguments: StoreKind.allCases)
  func `ready slots come in the order of their queue`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let plain = try await bench.store.submit(Submission())
      bench.clock.advance(by: .seconds(30))
      var urgent = Submission()
      urgent.template.priority = 9
      let first = try await bench.store.submit(urgent)
      let last = try await bench.store.submit(Submission())
      _ = try await bench.store.submit(Submission("other"))
      let queue = QueueKey(namespace: "default", handler: "hello")
      let slots = try await bench.store.readySlots(queue, readyBy: bench.now, limit: 10)
      #expect(slots.map(\.id.task) == [first, plain, last])
      #expect(slots.first?.template.value == urgent.template)
      let some = try await bench.store.readySlots(queue, readyBy: bench.now, limit: 2)
      #expect(some.map(\.id.task) == [first, plain])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `what is in hand, held, delayed or final is not ready`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let offered = try await bench.store.submit(Submission())
      _ = try await bench.store.offer(SlotID(offered), to: .some)
      let held = try await bench.store.submit(Submission())
      _ = try await bench.store.command(held, .pause)
      let done = try await bench.store.submit(Submission())
      try await bench.store.finish(done)
      var later = Submission()
      later.at = bench.now + .seconds(10)
      let delayed = try await bench.store.submit(later)
      let ready = try await bench.store.submit(Submission())
      let queue = QueueKey(namespace: "default", handler: "hello")
      let now = try await bench.store.readySlots(queue, readyBy: bench.now, limit: 10)
      #expect(now.map(\.id.task) == [ready])
      let soon = bench.now + .seconds(10)
      let then = try await bench.store.readySlots(queue, readyBy: soon, limit: 10)
      #expect(then.map(\.id.task) == [ready, delayed])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `delayed slots come by their time, from where the caller was`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      var ids: [TaskID] = []
      for seconds in [3, 1, 2, 2] {
        var submission = Submission()
        submission.at = bench.now + .seconds(seconds)
        ids.append(try await bench.store.submit(submission))
      }
      let expected = [ids[1], min(ids[2], ids[3]), max(ids[2], ids[3]), ids[0]]
      let end = bench.now + .seconds(3)
      var found: [TaskID] = []
      var cursor: DelayedSlot?
      while let next = try await bench.store.delayedSlots(after: cursor, through: end, limit: 1)
        .first
      {
        found.append(next.slot.id.task)
        cursor = next
      }
      #expect(found == expected)
      let early = bench.now + .seconds(1)
      let few = try await bench.store.delayedSlots(after: nil, through: early, limit: 10)
      #expect(few.map(\.slot.id.task) == [ids[1]])
      #expect(few.first?.at == early)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a retry is among the delayed until it is handed out again`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let fence = try await bench.store.start(slot)
      let event = SlotEvent.failed(message: "", retryable: true, retryAfter: .seconds(5))
      #expect(try await bench.store.apply(slot, event, fence) == .moved)
      let delayed = { try await bench.store.delayedSlots(after: nil, through: .end, limit: 9) }
      let found = try await delayed()
      #expect(found.map(\.slot.id) == [slot])
      #expect(found.map(\.at) == [bench.now + .seconds(5)])
      bench.clock.advance(by: .seconds(5))
      _ = try await bench.store.offer(slot, to: .some)
      #expect(try await delayed().isEmpty)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `what is overdue stays among the delayed, whatever is written of it meanwhile`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      let delayed = { try await bench.store.delayedSlots(after: nil, through: .end, limit: 9) }
      let untouched = SlotID(try await bench.store.submit(Submission()))
      let reported = SlotID(try await bench.store.submit(Submission()))
      let retry = SlotEvent.failed(message: "", retryable: true, retryAfter: .seconds(5))
      for slot in [untouched, reported] {
        let fence = try await bench.store.start(slot)
        #expect(try await bench.store.apply(slot, retry, fence) == .moved)
      }
      // Nobody has asked for them by then, as when the clock is set or the store cannot be read.
      bench.clock.advance(by: .seconds(6))
      #expect(Set(try await delayed().map(\.slot.id)) == [untouched, reported])
      let late = Fence(epoch: Epoch(77), boot: Owner.some.boot)
      #expect(try await bench.store.apply(reported, .started, late) == .refused(.staleEpoch))
      #expect(Set(try await delayed().map(\.slot.id)) == [untouched, reported])
      for slot in [untouched, reported] { _ = try await bench.store.offer(slot, to: .some) }
      #expect(try await delayed().isEmpty)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `slots in hand are those that some worker has`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let offered = SlotID(try await bench.store.submit(Submission()))
      _ = try await bench.store.offer(offered, to: .some)
      let running = SlotID(try await bench.store.submit(Submission()))
      _ = try await bench.store.start(running, by: .other)
      let stopping = SlotID(try await bench.store.submit(Submission()))
      _ = try await bench.store.start(stopping)
      _ = try await bench.store.command(stopping.task, .cancel(.requested))
      _ = try await bench.store.submit(Submission())
      let done = try await bench.store.submit(Submission())
      try await bench.store.finish(done)
      let hands = try await bench.store.slotsInHand()
      #expect(Set(hands.map(\.slot.id)) == [offered, running, stopping])
      #expect(hands.allSatisfy { $0.task.id == $0.slot.id.task && $0.slot.owner != nil })
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a queue lives until its last slot is final`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let hello = QueueKey(namespace: "default", handler: "hello")
      #expect(try await bench.store.liveQueues() == [])
      let slot = SlotID(try await bench.store.submit(Submission()))
      #expect(try await bench.store.liveQueues() == [hello])
      let fence = try await bench.store.start(slot)
      #expect(try await bench.store.liveQueues() == [hello])
      _ = try await bench.store.apply(slot, .succeeded(result: []), fence)
      #expect(try await bench.store.liveQueues() == [])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `the queue limit ends with the first start, the total limit with the task`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      var submission = Submission()
      submission.template.limits = TimeLimits(queue: .seconds(10), total: .seconds(60))
      let waiting = SlotID(try await bench.store.submit(submission))
      let started = SlotID(try await bench.store.submit(submission))
      let fence = try await bench.store.start(started)
      bench.clock.advance(by: .seconds(10))
      let overdue = { try await bench.store.overdueSlots(at: bench.now, limit: 10) }
      let fenced = Fence(epoch: .none)
      #expect(
        try await overdue() == [SlotCommand(waiting, .limitPassed(.queue), fence: fenced)]
      )
      #expect(try await bench.store.apply(try await overdue()) == [.moved])
      #expect(try await bench.store.slot(waiting)?.phase == .faulted(.queueTimeout))
      #expect(try await overdue() == [])
      let retry = SlotEvent.failed(message: "", retryable: true, retryAfter: .seconds(3600))
      #expect(try await bench.store.apply(started, retry, fence) == .moved)
      bench.clock.advance(by: .seconds(49))
      #expect(try await overdue() == [])
      bench.clock.advance(by: .seconds(1))
      #expect(try await bench.store.apply(try await overdue()) == [.moved])
      #expect(try await bench.store.slot(started)?.phase == .faulted(.totalTimeout))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `the queue limit does not reach a slot on offer`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      var submission = Submission()
      submission.template.limits = TimeLimits(queue: .seconds(10))
      let slot = SlotID(try await bench.store.submit(submission))
      let fence = try await bench.store.offer(slot, to: .some)
      bench.clock.advance(by: .seconds(11))
      #expect(try await bench.store.overdueSlots(at: bench.now, limit: 10) == [])
      #expect(try await bench.store.apply(slot, .declined(reason: ""), fence) == .moved)
      #expect(try await bench.store.overdueSlots(at: bench.now, limit: 10).count == 1)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `due triggers come by their time, from where the caller was`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      var expected: [DueTrigger] = []
      for seconds in [3, 1, 2, 2] {
        let draft = TriggerDraft("t\(expected.count)") { $0.schedule = "@every \(seconds)s" }
        let trigger = try await bench.store.create(draft, idempotency: nil)
        let at = bench.now + .seconds(seconds)
        expected.append(DueTrigger(at: at, trigger: trigger.id))
      }
      expected.sort()
      let end = bench.now + .seconds(3)
      let all = try await bench.store.dueTriggers(after: nil, through: end, limit: 10)
      #expect(all == expected)
      let rest = try await bench.store.dueTriggers(after: expected[1], through: end, limit: 1)
      #expect(rest == [expected[2]])
      let early = bench.now + .seconds(2)
      let few = try await bench.store.dueTriggers(after: nil, through: early, limit: 10)
      #expect(few == Array(expected.prefix(3)))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `online triggers are listed by id`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      var ids: [TriggerID] = []
      for number in 0..<4 {
        let draft = TriggerDraft("t\(number)", isOnline: number != 1)
        let trigger = try await bench.store.create(draft, idempotency: nil)
        if number != 1 { ids.append(trigger.id) }
      }
      ids.sort()
      let all = try await bench.store.onlineTriggers(after: nil, limit: 10)
      #expect(all.map(\.id) == ids)
      let rest = try await bench.store.onlineTriggers(after: ids[0], limit: 1)
      #expect(rest.map(\.id) == [ids[1]])
    }
  }
}

extension Timestamp {
  static let end = Timestamp.distantFuture
}
