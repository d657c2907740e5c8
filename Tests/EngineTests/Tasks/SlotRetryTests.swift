import Engine
import Testing

@Suite struct SlotRetryTests {
  @Test func `three counters are never mixed`() throws {
    var slot = SamplePhase.offered.slot
    _ = try slot.apply(.declined(reason: ""))
    #expect(slot.counters.offers == 1 && slot.counters.attempts == 0)
    try slot.run()
    #expect(slot.counters.attempts == 1)
    _ = try slot.apply(.leaseLost)
    #expect(slot.counters.attempts == 0 && slot.counters.crashes.count == 1)
    try slot.run()
    _ = try slot.apply(.released)
    #expect(slot.counters.attempts == 0 && slot.counters.offers == 2)
    #expect(slot.counters.crashes.count == 1)
  }

  @Test func `the last attempt that fails is the end`() throws {
    var slot = SamplePhase.running.slot
    #expect(try slot.apply(SampleEvent.failed.event, retries: 0)?.number == 9)
    #expect(slot.phase == .faulted(.failed))
  }

  @Test(arguments: [SamplePhase.stoppingForRunLimit, .stoppingForHeartbeat])
  func `a time limit on the last attempt is the end`(from: SamplePhase) throws {
    var slot = from.slot
    #expect(try slot.apply(.stopped(message: ""), retries: 0)?.number == 13)
    #expect(slot.phase == .faulted(.timeLimit))
  }

  @Test func `a handler may say when to try again`() throws {
    var slot = SamplePhase.running.slot
    _ = try slot.apply(.failed(message: "", retryable: true, retryAfter: .seconds(90)))
    #expect(slot.readyAt == SamplePhase.now + .seconds(90))
  }

  @Test func `at most once means never again`() throws {
    for event in [SlotEvent.leaseLost, .failed(message: "", retryable: true, retryAfter: nil)] {
      var slot = SamplePhase.running.slot
      _ = try slot.apply(event, atMostOnce: true)
      #expect(slot.state == .faulted)
    }
    for event in [SlotEvent.acknowledgementOverdue, .leaseLost] {
      var slot = SamplePhase.offered.slot
      #expect(try slot.apply(event, atMostOnce: true)?.number == 5)
      #expect(slot.phase == .faulted(.leaseLost))
    }
    var declined = SamplePhase.offered.slot
    _ = try declined.apply(.declined(reason: ""), atMostOnce: true)
    #expect(declined.state == .created)  // It was heard: nothing had begun.
  }

  @Test func `the second lost lease waits, the third is the poison`() throws {
    var slot = SamplePhase.running.slot
    _ = try slot.apply(.leaseLost)
    #expect(slot.readyAt == SamplePhase.now)
    try slot.run()
    _ = try slot.apply(.leaseLost)
    #expect(slot.readyAt == SamplePhase.now + .milliseconds(500))
    slot.phase = .waiting(readyAt: SamplePhase.now, latecomer: nil)
    try slot.run()
    _ = try slot.apply(.leaseLost)
    #expect(slot.phase == .faulted(.poisoned))
  }

  @Test func `the twentieth hand-over without a start is the last`() throws {
    var slot = SamplePhase.ready.slot
    for offer in 1...20 {
      _ = try slot.apply(.offer(to: SamplePhase.owner, epoch: Epoch(slot.epoch.value + 1)))
      _ = try slot.apply(offer.isMultiple(of: 2) ? .leaseLost : .acknowledgementOverdue)
    }
    #expect(slot.phase == .faulted(.undeliverable))
  }

  @Test func `the wait grows from the base to the cap, and jitter only shortens it`() {
    let policy = RetryPolicy(retries: 5, base: .seconds(1), cap: .seconds(10))
    let bounds = (1...5).map { policy.bound(afterAttempt: $0) }
    #expect(bounds == [1, 2, 4, 8, 10].map { .seconds($0) })
    #expect(policy.delay(afterAttempt: 3, jitter: 0.25) == .seconds(1))
    #expect(policy.delay(afterAttempt: 6, jitter: 0.5) == nil)
    #expect(policy.bound(afterAttempt: .max) == .seconds(10))
    let huge = RetryPolicy(retries: 100, base: .seconds(Int64.max / 2_000_000), cap: .seconds(9))
    #expect(huge.bound(afterAttempt: 50) == .seconds(9))
  }

  @Test func `a task's state says what still moves, then what went wrong`() {
    let expected: [(states: [TaskState], TaskState)] = [
      ([.runToCompletion, .running, .faulted], .running),
      ([.created, .waitingToRun, .canceled], .waitingToRun),
      ([.created, .faulted, .runToCompletion], .created),
      ([.canceled, .faulted, .runToCompletion], .faulted),
      ([.canceled, .runToCompletion], .canceled),
      ([.runToCompletion, .runToCompletion], .runToCompletion),
    ]
    for (states, state) in expected { #expect(TaskState(ofSlots: states) == state) }
  }
}

extension Slot {
  /// Hands the slot out and starts it.
  fileprivate mutating func run() throws {
    _ = try apply(.offer(to: SamplePhase.owner, epoch: Epoch(epoch.value + 1)))
    _ = try apply(.started)
  }
}
