import Dispatch
import Foundation
import PlatformRuntime
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct CancellingTests {
  struct Failure: Error {}

  /// Suspends until the calling task is cancelled.
  @Sendable private static func untilCancelled() async {
    let (nothing, continuation) = AsyncStream.makeStream(of: Never.self)
    for await _ in nothing {}
    continuation.finish()
  }

  @Test func `the operation is cancelled once shutdown returns`() async throws {
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let wasCancelled = Mutex(false)
    let shutdown: Shutdown = { for await _ in started { return } }
    try await cancelling(when: shutdown) {
      start.yield()
      await Self.untilCancelled()
      wasCancelled.withLock { $0 = Task.isCancelled }
    }
    #expect(wasCancelled.withLock { $0 })
  }

  @Test func `an operation that ends by itself ends the wait for shutdown`() async throws {
    let heard = Mutex(false)
    let shutdown: Shutdown = {
      await Self.untilCancelled()
      heard.withLock { $0 = true }
    }
    try await cancelling(when: shutdown) {}
    #expect(heard.withLock { $0 })
  }

  @Test func `an operation that throws passes its error on`() async {
    await #expect(throws: Failure.self) {
      try await cancelling(when: Self.untilCancelled) { throw Failure() }
    }
  }

  @Test func `cancelling the caller cancels the operation`() async throws {
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      try await cancelling(when: Self.untilCancelled) {
        start.yield()
        await Self.untilCancelled()
        try Task.checkCancellation()
      }
    }
    for await _ in started { break }
    task.cancel()
    _ = await task.result  // Returns at all, which is the point.
  }
}

@Suite(.timeLimit(.minutes(1)))
struct BlockingExecutorTests {
  private actor Blocker {
    private let executor = BlockingExecutor(label: "test.blocker")
    private var steps = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor {
      unsafe executor.asUnownedSerialExecutor()
    }

    func block(until semaphore: DispatchSemaphore, entered: @Sendable () -> Void) {
      entered()
      semaphore.wait()
    }

    func step() -> Int {
      let before = steps
      steps = before + 1
      return steps
    }
  }

  @Test func `calls that block hold up no other task`() async {
    // More blocked actors than there are threads for tasks; they could not all be entered if they
    // blocked those.
    let semaphore = DispatchSemaphore(value: 0)
    let (entries, entry) = AsyncStream.makeStream(of: Void.self)
    let blockers = (0..<16).map { _ in Blocker() }
    await withDiscardingTaskGroup { group in
      for blocker in blockers {
        group.addTask { await blocker.block(until: semaphore) { entry.yield() } }
      }
      var entered = 0
      for await _ in entries {
        entered += 1
        if entered == blockers.count { break }
      }
      for _ in blockers { semaphore.signal() }
    }
  }

  @Test func `the actor's calls run one at a time`() async {
    let actor = Blocker()
    let seen = await withTaskGroup { group in
      for _ in 0..<500 { group.addTask { await actor.step() } }
      return await group.reduce(into: Set<Int>()) { $0.insert($1) }
    }
    #expect(seen == Set(1...500))
  }
}

struct TerminationSignalTests {
  @Test func `a signal that comes at once is heard`() async {
    await #expect(processExitsWith: .success) {
      let termination = await TerminationSignal()
      kill(getpid(), SIGTERM)
      await termination.received()
      exit(0)
    }
  }

  @Test func `a second signal ends the process`() async {
    await #expect(processExitsWith: .signal(SIGTERM)) {
      let termination = await TerminationSignal()
      kill(getpid(), SIGTERM)
      await termination.received()
      kill(getpid(), SIGTERM)
      while true { sleep(1) }
    }
  }
}
