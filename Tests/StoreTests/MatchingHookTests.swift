import Engine
import Store
import Synchronization
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct MatchingHookTests {
  @Test(arguments: StoreKind.allCases)
  func `what is bound commits together with what made it ready`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      bench.matching.script { changes in
        changes.filter { $0.move.number == 1 }.map { .offer($0.slot.id, 5) }
      }
      let task = try await bench.store.submit(Submission())
      let commit = try #require(bench.matching.commits.first { !$0.changes.isEmpty })
      #expect(commit.changes.map(\.move.number) == [1, 3])
      #expect(commit.changes.map(\.slot.state) == [.created, .waitingToRun])
      #expect(commit.unbound.isEmpty)
      #expect(try await bench.store.task(task)?.state == .waitingToRun)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a binding that the slot refuses is reported and hurts nobody`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      let held = try await bench.store.submit(Submission())
      _ = try await bench.store.command(held, .pause)
      let nowhere = SlotID(TaskID(UUIDv7(high: 5, low: 5)))
      bench.matching.script { changes in
        changes.isEmpty
          ? []
          : [.offer(SlotID(held), 5), .offer(nowhere, 6)]
            + changes.map { .offer($0.slot.id, 7) }
      }
      let task = try await bench.store.submit(Submission())
      #expect(bench.matching.commits.last?.unbound.map(\.slot) == [SlotID(held), nowhere])
      #expect(try await bench.store.task(task)?.state == .waitingToRun)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a slot whose time comes during a transaction is bound in it`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      var submission = Submission()
      submission.at = bench.now + .seconds(5)
      let slot = SlotID(try await bench.store.submit(submission))
      bench.matching.script { [clock = bench.clock] changes in
        guard !changes.isEmpty else { return [] }
        clock.advance(by: .seconds(5))
        return [.offer(slot, 5)]
      }
      _ = try await bench.store.submit(Submission())
      #expect(try await bench.store.slot(slot)?.state == .waitingToRun)
      #expect(bench.matching.commits.last?.unbound.isEmpty == true)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a binding before its time is put off, also when the clock was set back`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let readyAt = bench.now
      bench.clock.setWall(to: readyAt - .seconds(60))
      bench.matching.script { changes in changes.isEmpty ? [] : [.offer(slot, 5)] }
      _ = try await bench.store.submit(Submission("other"))
      bench.matching.script(nil)
      let commit = try #require(bench.matching.commits.last)
      #expect(commit.unbound.map(\.slot) == [slot])
      #expect(commit.postponed.map(\.slot.id) == [slot])
      #expect(commit.postponed.map(\.at) == [readyAt])
      let delayed = try await bench.store.delayedSlots(after: nil, through: readyAt, limit: 10)
      #expect(delayed.map(\.slot.id) == [slot])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `the matching hears of a commit before the caller`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      for _ in 0..<20 {
        let seen = await withCheckedContinuation { (done: CheckedContinuation<Int, Never>) in
          bench.store.submit([Submission()]) { [matching = bench.matching] _ in
            done.resume(returning: matching.changes.count)
          }
        }
        #expect(seen == bench.matching.changes.count)
      }
      #expect(bench.matching.changes.count == 20)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `stirring binds although nothing else happens`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let asked = Atomic<Bool>(false)
      bench.matching.script { _ in
        asked.exchange(true, ordering: .relaxed) ? [] : [.offer(slot, 5)]
      }
      bench.store.stir()
      _ = try await bench.store.apply([])  // Comes after it, in the same transaction or the next.
      #expect(try await bench.store.slot(slot)?.state == .waitingToRun)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `an operation that fails leaves nothing to hear of`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      _ = try await bench.trigger()
      let before = bench.matching.commits.flatMap(\.planned).count
      _ = try? await bench.trigger()
      _ = try await bench.store.submit(Submission())
      #expect(bench.matching.commits.flatMap(\.planned).count == before)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `an answer may ask the store for more`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let count = try await withCheckedThrowingContinuation { done in
        let store = bench.store
        store.submit([Submission()]) { _ in
          store.submit([Submission(), Submission()]) { done.resume(with: $0.map(\.count)) }
        }
      }
      #expect(count == 2)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `the journal has every change once, in order, and goes on from anywhere`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      #expect(try await bench.store.journalRange() == nil)
      for _ in 0..<5 {
        let task = try await bench.store.submit(Submission())
        try await bench.store.finish(task)
      }
      let range = try #require(try await bench.store.journalRange())
      let all = try await bench.store.changes(after: range.lowerBound - 1, limit: 1000)
      #expect(all.map(\.move) == bench.matching.changes.map(\.move))
      #expect(all.map(\.slot) == bench.matching.changes.map(\.slot.id))
      #expect(all.map(\.sequence) == Array(range))
      #expect(all.allSatisfy { $0.template.value.handler == "hello" })
      #expect(await bench.store.status().lastSequence == range.upperBound)
      var resumed: [Int64] = []
      while let next = try await bench.store.changes(after: resumed.last ?? 0, limit: 3).nonEmpty {
        resumed += next.map(\.sequence)
      }
      #expect(resumed == Array(range))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `replaying the history of a slot gives its state`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let fence = try await bench.store.start(slot)
      _ = try await bench.store.apply(slot, .failure, fence)
      _ = try await bench.store.command(slot.task, .pause)
      _ = try await bench.store.command(slot.task, .resume)
      _ = try await bench.store.command(slot.task, .cancel(.requested))
      let row = try #require(try await bench.store.task(slot.task)?.slots.first)
      let moves = row.history.moves
      #expect(zip(moves, moves.dropFirst()).allSatisfy { $0.to == $1.from })
      #expect(moves.last?.to == row.slot.state)
      #expect(moves.map(\.number) == [1, 3, 4, 8, 20, 20, 17])
    }
  }
}

extension SlotCommand {
  static func offer(_ slot: SlotID, _ epoch: UInt64) -> SlotCommand {
    SlotCommand(slot, .offer(to: .some, epoch: Epoch(epoch)), fence: nil)
  }
}

extension Array {
  var nonEmpty: Self? { isEmpty ? nil : self }
}
