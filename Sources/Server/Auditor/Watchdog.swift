package import Engine
import PlatformLogging
package import PlatformRuntime
package import Store
import Synchronization

/// Works out once a minute what every online trigger owed by now, and compares it with what was done.
///
/// It asks the schedule and the store, never the loop that fires: a loop that stopped looks healthy
/// from inside.
package final class Watchdog: Service {
  /// A trigger further behind than this is reported.
  package static let tolerance: Duration = .seconds(60)
  private static let interval: Duration = .seconds(60)
  private static let pageSize = 1_000
  /// How many are looked after in one transaction.
  private static let mendingSize = 100

  /// A trigger that owes a fire.
  package struct Late: Sendable, Hashable {
    package let namespace: String
    package let trigger: String
    /// The nominal time of the first fire that is owed.
    package let owedSince: Timestamp
  }

  private let store: any Store
  private let clocks: Clocks
  private let found = Mutex<[Late]>([])
  private let logger = Logger(label: "tompion.watchdog")

  package init(store: any Store, clocks: Clocks) {
    self.store = store
    self.clocks = clocks
  }

  /// The triggers that were late at the last look.
  package var late: [Late] { found.withLock(\.self) }

  package func run(until shutdown: @escaping Shutdown) async throws {
    try await cancelling(when: shutdown) {
      while !Task.isCancelled {
        try await Task.sleep(for: Watchdog.interval)
        do {
          try await self.look()
          try await self.mendHeldTasks()
        } catch {
          self.logger.warning("cannot look after triggers", metadata: ["error": "\(error)"])
        }
      }
    }
  }

  /// Looks at every online trigger once.
  package func look() async throws(StoreError) {
    var late: [Late] = []
    var cursor: TriggerID?
    repeat {
      let page = try await store.onlineTriggers(after: cursor, limit: Watchdog.pageSize)
      late += page.compactMap { Late($0, by: clocks.wall()) }
      try await mend(page)
      cursor = page.count < Watchdog.pageSize ? nil : page.last?.id
    } while cursor != nil
    for late in late {
      logger.error(
        "trigger is late",
        metadata: [
          "namespace": "\(late.namespace)", "trigger": "\(late.trigger)",
          "owedSince": "\(late.owedSince)",
        ]
      )
    }
    found.withLock { $0 = late }
  }

  /// Frees triggers that wait for a task which will never end, should there be any.
  private func mend(_ triggers: [Trigger]) async throws(StoreError) {
    var waiting = triggers.filter(\.state.awaitsTask).map(\.id)[...]
    while !waiting.isEmpty {
      for trigger in try await store.mend(Array(waiting.prefix(Watchdog.mendingSize))) {
        logger.error("trigger waited for a task that is over", metadata: ["trigger": "\(trigger)"])
      }
      waiting = waiting.dropFirst(Watchdog.mendingSize)
    }
  }

  /// Lets go tasks that are held behind nothing, should there be any.
  package func mendHeldTasks() async throws(StoreError) {
    var cursor: TaskID?
    repeat {
      let mended = try await store.mendHeldTasks(after: cursor, limit: Watchdog.mendingSize)
      for task in mended.released {
        logger.error("task was held behind nothing", metadata: ["task": "\(task)"])
      }
      cursor = mended.last
    } while cursor != nil
  }
}

extension Watchdog.Late {
  /// The fire that a trigger owes since longer than is tolerated; `nil` when there is none.
  package init?(_ trigger: Trigger, by now: Timestamp) {
    if let repeats = trigger.definition.repeats, trigger.state.fires >= repeats { return nil }
    let recurrence = try? trigger.recurrence()
    guard trigger.state.followsOn == nil,
      let owed = trigger.definition.isFixedDelay || recurrence == nil
        ? trigger.state.nextFireAt : recurrence?.next(after: trigger.state.firedThrough),
      now - owed > Watchdog.tolerance
    else { return nil }
    self.init(namespace: trigger.namespace, trigger: trigger.name, owedSince: owed)
  }
}
