import Engine
import Foundation
import PlatformRuntime
import SQLiteStore
import Store
import Synchronization

extension StoreFloor {
  /// Fires in a second, and what one takes of the processor in microseconds.
  struct Fires: Sendable {
    let rate: Double
    let processor: Double
  }

  /// Triggers that are all due, fired in a bare loop: no server and no wire, each batch a commit with
  /// `synchronous=FULL`. They fire three times; the first, which meets everything for the first time,
  /// does not count.
  static func fires(_ triggers: Int, batch: Int, in directory: String) async throws -> Fires {
    let time = Mutex(Timestamp(microseconds: SystemClock.wallMicroseconds))
    let due = Due()
    let store = try SQLiteStore.open(
      directory: "\(directory)/fires-\(UUID().uuidString)",
      configuration: SQLiteStoreConfiguration { time.withLock(\.self) },
      matching: due
    )
    try await Stock.addTriggers(triggers, to: store, haveFired: true) {
      ("floor-\($0)", TriggerDefinition(handler: "noop", schedule: "@every 1s"))
    }
    let waiting = due.take()
    var begun = (SystemClock.monotonic, ProcessTimes.own)
    for round in 0..<3 {
      if round == 1 { begun = (SystemClock.monotonic, ProcessTimes.own) }
      time.withLock { $0 = $0 + .milliseconds(1_001) }
      for start in stride(from: 0, to: waiting.count, by: batch) {
        let some = Array(waiting[start..<min(start + batch, waiting.count)])
        try await withCheckedContinuation { answered in
          store.fire(some) { answered.resume(returning: $0) }
        }.get()
      }
    }
    let fired = Double(2 * triggers)
    let figures = Fires(
      rate: fired / (SystemClock.monotonic - begun.0).seconds,
      processor: (ProcessTimes.own - begun.1) / fired
    )
    await store.close()
    guard due.created == 3 * triggers else { throw BenchError("the floor did not fire") }
    return figures
  }
}

/// Remembers which triggers were planned, and counts the tasks that were created.
private final class Due: Matching {
  private let planned = Mutex<[TriggerID]>([])
  private let count = Atomic<Int>(0)

  func bind(after changes: [SlotChange]) -> [SlotCommand] { [] }

  func committed(_ commit: Commit) {
    planned.withLock { $0 += commit.planned.map(\.trigger) }
    count.wrappingAdd(commit.changes.count, ordering: .relaxed)
  }

  func undone(_ bindings: [SlotCommand]) {}

  var created: Int { count.load(ordering: .relaxed) }

  func take() -> [TriggerID] {
    planned.withLock { planned in
      defer { planned = [] }
      return planned
    }
  }
}
