import Engine
import PlatformLogging
package import PlatformRuntime
package import Store

/// Drops final tasks that are old, a few at a time, so that nothing else waits for it.
package struct Retention: Service {
  /// How long, and how many of each trigger, final tasks are kept.
  package struct Policy: Sendable {
    package var age: Duration = .seconds(7 * 24 * 3600)
    package var perTrigger = 1_000

    package init() {}
  }

  private static let batch = 500
  private static let pause: Duration = .milliseconds(50)
  private static let interval: Duration = .seconds(60)

  private let store: any Store
  private let clocks: Clocks
  private let policy: Policy
  private let logger = Logger(label: "tompion.retention")

  package init(store: any Store, clocks: Clocks, policy: Policy = Policy()) {
    self.store = store
    self.clocks = clocks
    self.policy = policy
  }

  package func run(until shutdown: @escaping Shutdown) async throws {
    try await cancelling(when: shutdown) {
      while !Task.isCancelled {
        try await Task.sleep(for: Retention.interval)
        do {
          try await sweep()
        } catch is CancellationError {
          return
        } catch {
          logger.warning("cannot drop old tasks", metadata: ["error": "\(error)"])
        }
      }
    }
  }

  /// Drops everything that is too old, with a pause after each batch.
  package func sweep() async throws {
    while true {
      let dropped = try await store.dropTasks(
        endedBefore: clocks.wall() - policy.age,
        keepingPerTrigger: policy.perTrigger,
        limit: Retention.batch
      )
      guard dropped > 0 else { return }
      try await Task.sleep(for: Retention.pause)
    }
  }
}
