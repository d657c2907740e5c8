import Engine
import Foundation
import PlatformRuntime
import SQLiteStore
import Store
import Synchronization

/// The row writes of tasks in a bare loop: no server, no worker, no wire.
///
/// Each task is inserted, bound, started and finished as the server does it, in batches, each batch a
/// commit with `synchronous=FULL` on the disk that the server uses.
struct StoreFloor: Sendable {
  /// Tasks in a second, for each of the steps.
  let inserted: Double
  let drained: Double
  /// Of the processor, in microseconds for a task, from bound to finished.
  let drainCPU: Double

  /// Both steps, one after the other.
  var throughout: Double { 1 / (1 / inserted + 1 / drained) }

  static func measure(_ tasks: Int, batch: Int, in directory: String) async throws -> StoreFloor {
    let epochs = EpochCollector()
    let clock = { @Sendable in Timestamp(microseconds: SystemClock.wallMicroseconds) }
    let store = try SQLiteStore.open(
      directory: directory + "/floor",
      configuration: SQLiteStoreConfiguration(clock: clock),
      matching: epochs
    )
    let begun = SystemClock.monotonic
    var waiting: [[TaskID]] = []
    for _ in 0..<(tasks / batch) { waiting.append(try await insert(batch, into: store)) }
    let between = SystemClock.monotonic
    let cpu = ProcessTimes.own
    for tasks in waiting { try await run(tasks, in: store, epochs) }
    let ended = SystemClock.monotonic
    let used = ProcessTimes.own - cpu
    await store.close()
    let count = Double(tasks / batch * batch)
    return StoreFloor(
      inserted: count / (between - begun).seconds,
      drained: count / (ended - between).seconds,
      drainCPU: used / count
    )
  }

  private static func insert(_ count: Int, into store: SQLiteStore) async throws -> [TaskID] {
    let template = TaskTemplate(namespace: "default", handler: "noop")
    let submissions = Array(repeating: Submission(template: template), count: count)
    let answers = try await withCheckedContinuation { answered in
      store.submit(submissions) { answered.resume(returning: $0) }
    }.get()
    return answers.compactMap { if case .created(let id) = $0 { id } else { nil } }
  }

  private static func run(
    _ tasks: [TaskID],
    in store: SQLiteStore,
    _ epochs: EpochCollector
  ) async throws {
    try await apply(
      tasks.map {
        SlotCommand(SlotID(task: $0, shard: 0), .offer(to: Stock.owner, epoch: .none), fence: nil)
      },
      to: store
    )
    let reports = epochs.take().flatMap { run in
      let fence = Fence(epoch: run.epoch, boot: Stock.owner.boot)
      return [
        SlotCommand(run.slot, .started, fence: fence),
        SlotCommand(run.slot, .succeeded(result: []), fence: fence),
      ]
    }
    try await apply(reports, to: store)
  }

  private static func apply(_ commands: [SlotCommand], to store: SQLiteStore) async throws {
    let verdicts = try await withCheckedContinuation { answered in
      store.apply(commands) { answered.resume(returning: $0) }
    }.get()
    guard verdicts.allSatisfy({ $0 == .moved }) else { throw BenchError("a slot refused to move") }
  }
}

/// Remembers under which epochs slots were bound.
private final class EpochCollector: Matching {
  private let bound = Mutex<[RunID]>([])

  func bind(after changes: [SlotChange]) -> [SlotCommand] { [] }

  func committed(_ commit: Commit) {
    bound.withLock { bound in
      for change in commit.changes where change.move.to == .waitingToRun {
        bound.append(change.slot.run)
      }
    }
  }

  func undone(_ bindings: [SlotCommand]) {}

  func take() -> [RunID] {
    bound.withLock { bound in
      defer { bound = [] }
      return bound
    }
  }
}
