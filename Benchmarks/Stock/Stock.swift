import Engine
import Foundation
import PlatformRuntime
import SQLiteStore
import Store

/// What is put into a database before its server is started: by the store's own code, since a
/// million single calls would take longer than the measurement.
enum Stock {
  /// How many rows go into one transaction.
  static let batch = 2_000

  /// Lets `fill` put something into the store that the server given `directory` will find.
  static func prepare(_ directory: String, _ fill: (SQLiteStore) async throws -> Void) async throws
  {
    var configuration = SQLiteStoreConfiguration {
      Timestamp(microseconds: SystemClock.wallMicroseconds)
    }
    configuration.durability = .normal  // Nobody was promised anything yet.
    let store = try SQLiteStore.open(
      directory: ServerProcess.data(in: directory),
      configuration: configuration,
      matching: Nobody()
    )
    try await fill(store)
    await store.close()
  }

  /// Creates so many triggers of the default namespace; `draft` says what the n-th is like, from 0.
  ///
  /// With the first fire of a trigger the store keeps what all its tasks share. Those that
  /// `haveFired` have it already, as triggers do that were there for a while.
  static func addTriggers(
    _ count: Int,
    to store: SQLiteStore,
    haveFired: Bool,
    _ draft: @escaping @Sendable (Int) -> (name: String, definition: TriggerDefinition)
  ) async throws {
    for start in stride(from: 0, to: count, by: batch) {
      let numbers = start..<min(start + batch, count)
      try await store.perform(weight: numbers.count) { ledger throws(StoreError) in
        for number in numbers {
          let (name, definition) = draft(number)
          let new = TriggerDraft(
            namespace: Namespace.defaultName,
            name: name,
            definition: definition,
            isOnline: true
          )
          let trigger = try ledger.create(new, idempotency: nil)
          if haveFired { _ = try ledger.template(of: trigger) }
        }
      }
    }
  }

  /// Leaves so many finished tasks behind, each after the same moves as one that a worker ran.
  static func addHistory(_ count: Int, to store: SQLiteStore) async throws {
    let submission = Submission(template: TaskTemplate(namespace: "default", handler: "noop"))
    for start in stride(from: 0, to: count, by: batch) {
      let size = min(batch, count - start)
      try await store.perform(weight: size) { ledger throws(StoreError) in
        for _ in 0..<size { try ledger.finish(submission) }
      }
    }
  }

  static let owner = Owner(worker: "bench", boot: BootID(UUIDv7(high: 1, low: 1)))
}

extension Ledger {
  /// Submits a task and brings it to its end.
  fileprivate func finish(_ submission: Submission) throws(StoreError) {
    guard case .created(let task) = try submit(submission) else {
      throw StoreError(.invalid, "a task was refused")
    }
    let id = SlotID(task: task, shard: 0)
    let offer = SlotEvent.offer(to: Stock.owner, epoch: .none)
    guard try apply(SlotCommand(id, offer, fence: nil)) == .moved,
      let epoch = try slot(id)?.row.slot.epoch
    else { throw StoreError(.invalid, "a slot refused to move") }
    let fence = Fence(epoch: epoch, boot: Stock.owner.boot)
    for event in [SlotEvent.started, .succeeded(result: [])] {
      guard try apply(SlotCommand(id, event, fence: fence)) == .moved else {
        throw StoreError(.invalid, "a slot refused to move")
      }
    }
  }
}

/// Binds nothing: there is no worker.
struct Nobody: Matching {
  func bind(after changes: [SlotChange]) -> [SlotCommand] { [] }
  func committed(_ commit: Commit) {}
  func undone(_ bindings: [SlotCommand]) {}
}
