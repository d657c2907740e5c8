import Engine
import Store
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct SlotMovingTests {
  @Test(arguments: StoreKind.allCases)
  func `a run goes from its offer to its result, and all of it is kept`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      let task = try await bench.store.submit(Submission())
      let slot = SlotID(task)
      let fence = try await bench.store.start(slot)
      let progress = Slot.Progress(percent: 40, note: "reading")
      #expect(try await bench.store.apply(slot, .progressed(progress), fence) == .moved)
      #expect(try await bench.store.slot(slot)?.progress == progress)
      bench.clock.advance(by: .seconds(2))
      #expect(try await bench.store.apply(slot, .succeeded(result: [7]), fence) == .moved)
      let row = try #require(try await bench.store.task(task)?.slots.first)
      #expect(row.result == [7])
      #expect(row.slot.phase == .completed(.normal))
      #expect(row.deadline == nil)
      let moves = row.history.moves
      #expect(moves.map(\.number) == [1, 3, 4, 7])
      #expect(moves.last?.at == bench.now)
      #expect(moves.dropFirst().allSatisfy { $0.epoch == fence.epoch })
      #expect(moves[1].owner == .some)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a report with an old epoch is refused and leaves a trace`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let old = try await bench.store.start(slot)
      let serverFence = Fence(epoch: old.epoch)
      #expect(try await bench.store.apply(slot, .leaseLost, serverFence) == .moved)
      let new = try await bench.store.start(slot, by: .other)
      #expect(new.epoch > old.epoch)
      let report = SlotEvent.succeeded(result: [1])
      #expect(try await bench.store.apply(slot, report, old) == .refused(.staleEpoch))
      #expect(try await bench.store.slot(slot)?.state == .running)
      let row = try #require(try await bench.store.task(slot.task)?.slots.first)
      let refusals = row.history.entries.compactMap { entry -> Refusal? in
        guard case .refusal(let refusal, "Succeeded", old.epoch, bench.now) = entry else {
          return nil
        }
        return refusal
      }
      #expect(refusals == [.staleEpoch])
      #expect(row.result == nil)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a report of a process that does not own the run is refused`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let fence = try await bench.store.start(slot)
      let thief = Fence(epoch: fence.epoch, boot: Owner.other.boot)
      let report = SlotEvent.succeeded(result: [])
      #expect(try await bench.store.apply(slot, report, thief) == .refused(.notOwner))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a repeated report gets the same answer and changes nothing`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let fence = try await bench.store.start(slot)
      let report = SlotEvent.succeeded(result: [1])
      #expect(try await bench.store.apply(slot, report, fence) == .moved)
      let before = try await bench.store.task(slot.task)?.slots
      let again = SlotEvent.succeeded(result: [2])
      #expect(try await bench.store.apply(slot, again, fence) == .refused(.alreadyDone))
      #expect(try await bench.store.task(slot.task)?.slots == before)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `the late result of a lost lease is saved while the slot waits`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let fence = try await bench.store.start(slot)
      #expect(try await bench.store.apply(slot, .leaseLost) == .moved)
      #expect(try await bench.store.apply(slot, .succeeded(result: [5]), fence) == .moved)
      let row = try #require(try await bench.store.task(slot.task)?.slots.first)
      #expect(row.slot.phase == .completed(.late))
      #expect(row.result == [5])
      #expect(row.slot.counters.attempts == 1)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a slot that does not exist is unknown`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let task = try await bench.store.submit(Submission())
      let nowhere = SlotID(TaskID(UUIDv7(high: 9, low: 9)))
      for slot in [nowhere, SlotID(task, 1)] {
        #expect(try await bench.store.apply(slot, .resume) == .refused(.unknownSlot))
      }
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a failed run waits for its backoff, which grows, until no attempt is left`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      var submission = Submission()
      submission.template.retry = RetryPolicy(retries: 2, base: .seconds(10), cap: .seconds(15))
      let slot = SlotID(try await bench.store.submit(submission))
      for bound in [Duration.seconds(10), .seconds(15)] {
        let fence = try await bench.store.start(slot)
        #expect(try await bench.store.apply(slot, .failure, fence) == .moved)
        let readyAt = try #require(try await bench.store.slot(slot)?.readyAt)
        #expect(readyAt >= bench.now && readyAt - bench.now <= bound)
        let early = SlotEvent.offer(to: .some, epoch: Epoch(fence.epoch.value + 1))
        if readyAt > bench.now {
          #expect(try await bench.store.apply(slot, early) == .refused(.illegalMove))
        }
        bench.clock.advance(by: readyAt - bench.now)
      }
      let fence = try await bench.store.start(slot)
      #expect(try await bench.store.apply(slot, .failure, fence) == .moved)
      #expect(try await bench.store.slot(slot)?.phase == .faulted(.failed))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `the third lost lease within three days is the poison`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      for _ in 1...3 {
        _ = try await bench.store.start(slot)
        #expect(try await bench.store.apply(slot, .leaseLost) == .moved)
        #expect(try await bench.store.slot(slot)?.counters.attempts == 0)
        bench.clock.advance(by: .seconds(3600))
      }
      #expect(try await bench.store.slot(slot)?.phase == .faulted(.poisoned))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a lost lease older than three days is forgiven`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      for _ in 1...4 {
        _ = try await bench.store.start(slot)
        #expect(try await bench.store.apply(slot, .leaseLost) == .moved)
        bench.clock.advance(by: .seconds(37 * 3600))
      }
      #expect(try await bench.store.slot(slot)?.state == .created)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `the twentieth offer without a start makes a slot undeliverable`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      for offer in 1...20 {
        let fence = try await bench.store.offer(slot, to: .some)
        let decline = SlotEvent.declined(reason: "busy")
        #expect(try await bench.store.apply(slot, decline, fence) == .moved)
        let state = try await bench.store.slot(slot)?.state
        #expect(state == (offer < 20 ? .created : .faulted))
      }
      let last = try #require(try await bench.store.slot(slot))
      #expect(last.phase == .faulted(.undeliverable))
      #expect(last.counters.attempts == 0)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a paused task is not handed out until it is resumed`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      var submission = Submission()
      submission.template.shardCount = 2
      let task = try await bench.store.submit(submission)
      #expect(try await bench.store.command(task, .pause) == [.moved, .moved])
      #expect(try await bench.store.ready() == [])
      #expect(try await bench.store.command(task, .pause).allSatisfy { $0 != .moved })
      #expect(try await bench.store.command(task, .resume) == [.moved, .moved])
      #expect(try await bench.store.ready() == [SlotID(task, 0), SlotID(task, 1)])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `an offer that was paused away cannot start any more`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let fence = try await bench.store.offer(slot, to: .some)
      #expect(try await bench.store.command(slot.task, .pause) == [.moved])
      #expect(try await bench.store.apply(slot, .started, fence) == .refused(.staleEpoch))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a cancelled run is stopping until its worker answers`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let fence = try await bench.store.start(slot)
      #expect(try await bench.store.command(slot.task, .cancel(.requested)) == [.moved])
      #expect(
        try await bench.store.command(slot.task, .cancel(.requested)) == [.refused(.alreadyDone)]
      )
      #expect(try await bench.store.task(slot.task)?.state == .running)
      #expect(try await bench.store.apply(slot, .stopped(message: ""), fence) == .moved)
      #expect(try await bench.store.slot(slot)?.phase == .canceled(.requested))
      #expect(
        try await bench.store.command(slot.task, .cancel(.requested)) == [.refused(.alreadyDone)]
      )
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `the state of a task follows from its shards`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      var submission = Submission()
      submission.template.shardCount = 2
      let task = try await bench.store.submit(submission)
      let first = try await bench.store.start(SlotID(task, 0))
      #expect(try await bench.store.task(task)?.state == .running)
      let done = SlotEvent.succeeded(result: [])
      #expect(try await bench.store.apply(SlotID(task, 0), done, first) == .moved)
      #expect(try await bench.store.task(task)?.state == .created)
      #expect(try await bench.store.apply(SlotID(task, 1), .cancel(.requested)) == .moved)
      #expect(try await bench.store.task(task)?.state == .canceled)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `each command of a batch is decided by itself, in order`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let epoch = Epoch(77)
      let fence = Fence(epoch: epoch, boot: Owner.some.boot)
      let verdicts = try await bench.store.apply([
        SlotCommand(slot, .offer(to: .some, epoch: epoch), fence: nil),
        SlotCommand(slot, .blockerEnded, fence: nil),
        SlotCommand(slot, .started, fence: fence),
        SlotCommand(slot, .succeeded(result: []), fence: fence),
      ])
      #expect(verdicts == [.moved, .refused(.illegalMove), .moved, .moved])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a message that is too long is kept in part`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let fence = try await bench.store.start(slot)
      let message = String(repeating: "x", count: 100_000)
      let event = SlotEvent.failed(message: message, retryable: false, retryAfter: nil)
      #expect(try await bench.store.apply(slot, event, fence) == .moved)
      let row = try #require(try await bench.store.task(slot.task)?.slots.first)
      #expect(row.history.moves.last?.why == String(message.prefix(SlotHistory.longestMessage)))
    }
  }
}

extension SlotEvent {
  static let failure = SlotEvent.failed(message: "no", retryable: true, retryAfter: nil)
}

extension SlotHistory {
  var moves: [SlotMove] {
    entries.compactMap { entry in
      guard case .move(let move, _) = entry else { return nil }
      return move
    }
  }
}

extension Store {
  /// What is in line for the handler `hello`, however long it must still wait.
  func ready(
    _ queue: QueueKey = QueueKey(namespace: "default", handler: "hello")
  ) async throws -> [SlotID] {
    try await readySlots(queue, readyBy: .distantFuture, limit: 1000).map(\.id)
  }
}
