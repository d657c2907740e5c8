import Engine
import PlatformLogging
package import PlatformRuntime
import Store
import Synchronization

/// Matching's own rhythm: reaps what is overdue, refills queues, keeps log lines.
package struct MatchingService: Service {
  /// How often limits are looked at; a limit is noticed at most this much late.
  private let interval: Duration = .milliseconds(200)

  private let dispatcher: Dispatcher

  package init(_ dispatcher: Dispatcher) {
    self.dispatcher = dispatcher
  }

  package func run(until shutdown: @escaping Shutdown) async throws {
    try await cancelling(when: shutdown) {
      var turns = 0
      while !Task.isCancelled {
        try await Task.sleep(for: interval)
        turns += 1
        reap()
        await refillQueues()
        await dispatcher.keepLog()
        guard turns.isMultiple(of: 5) else { continue }
        dispatcher.retryUnstored()
        await expire()
        dispatcher.noteWorkerlessQueues()
      }
    }
    await dispatcher.keepLog()
  }

  private func reap() {
    let now = dispatcher.clocks.now
    let overdue = dispatcher.state.withLock { $0.overdue(at: now) }
    if !overdue.isEmpty { dispatcher.command(overdue) }
    dispatcher.wake()
  }

  /// Ends tasks that waited beyond their queue or total limit.
  private func expire() async {
    do {
      let overdue = try await dispatcher.store.overdueSlots(
        at: dispatcher.clocks.wall(),
        limit: 1_000
      )
      if !overdue.isEmpty { dispatcher.command(overdue) }
    } catch {
      dispatcher.logger.warning(
        "cannot look for overdue tasks",
        metadata: ["error": "\(error)"]
      )
    }
  }

  /// Fills queues that ran low from the store, where their rest waits.
  private func refillQueues() async {
    let queues = dispatcher.state.withLock { $0.queuesToRefill() }
    for queue in queues {
      do {
        try await dispatcher.fill(queue)
      } catch {
        dispatcher.state.withLock { $0.matchmaker.refillFailed(queue) }
      }
    }
  }
}
