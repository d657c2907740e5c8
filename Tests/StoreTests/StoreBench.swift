import Engine
import Foundation
import SQLiteStore
import Store
import Synchronization
import TompionTesting

/// The stores that keep every promise of `Store`.
enum StoreKind: CaseIterable, Sendable {
  case memory, sqlite
}

/// One store with a clock that stands still, for one test.
struct StoreBench {
  let clock: ManualClock
  let matching: ScriptedMatching
  let store: any Store

  /// Opens a store, runs `body` and closes it.
  static func run(
    _ kind: StoreKind,
    _ body: (StoreBench) async throws -> Void
  ) async throws {
    let clock = ManualClock()
    let matching = ScriptedMatching()
    switch kind {
    case .memory:
      let store = MemoryStore(matching: matching) { clock.wall }
      try await body(StoreBench(clock: clock, matching: matching, store: store))
    case .sqlite:
      let url = FileManager.default.temporaryDirectory.appending(path: "tompion-\(UUID())")
      defer { try? FileManager.default.removeItem(at: url) }
      var configuration = SQLiteStoreConfiguration { clock.wall }
      configuration.durability = .normal
      let store = try SQLiteStore.open(
        directory: url.path,
        configuration: configuration,
        matching: matching
      )
      do {
        try await body(StoreBench(clock: clock, matching: matching, store: store))
      } catch {
        await store.close()
        throw error
      }
      await store.close()
    }
  }

  var now: Timestamp { clock.wall }
}

/// Answers `bind` from a script and remembers what it is told.
final class ScriptedMatching: Matching {
  private struct State {
    var script: (@Sendable ([SlotChange]) -> [SlotCommand])?
    var commits: [Commit] = []
    var undone: [SlotCommand] = []
  }

  private let state = Mutex(State())

  /// What the next transactions bind.
  func script(_ script: (@Sendable ([SlotChange]) -> [SlotCommand])?) {
    state.withLock { $0.script = script }
  }

  var commits: [Commit] { state.withLock { $0.commits } }
  var undoneBindings: [SlotCommand] { state.withLock { $0.undone } }
  var changes: [SlotChange] { commits.flatMap(\.changes) }

  func bind(after changes: [SlotChange]) -> [SlotCommand] {
    let script = state.withLock { $0.script }
    return script?(changes) ?? []
  }

  func committed(_ commit: Commit) { state.withLock { $0.commits.append(commit) } }
  func undone(_ bindings: [SlotCommand]) { state.withLock { $0.undone += bindings } }
}

extension Store {
  func apply(_ commands: [SlotCommand]) async throws -> [Verdict] {
    try await withCheckedThrowingContinuation { done in
      apply(commands) { done.resume(with: $0) }
    }
  }

  func apply(_ slot: SlotID, _ event: SlotEvent, _ fence: Fence? = nil) async throws -> Verdict? {
    try await apply([SlotCommand(slot, event, fence: fence)]).first
  }

  func submit(_ submissions: [Submission]) async throws -> [SubmissionAnswer] {
    try await withCheckedThrowingContinuation { done in
      submit(submissions) { done.resume(with: $0) }
    }
  }

  /// Submits one task and returns it.
  func submit(_ submission: Submission) async throws -> TaskID {
    guard case .created(let id) = try await submit([submission]).first else { throw NotCreated() }
    return id
  }

  func fire(_ triggers: TriggerID...) async throws {
    try await withCheckedThrowingContinuation { done in
      fire(triggers) { done.resume(with: $0) }
    }
  }

  func slot(_ id: SlotID) async throws -> Slot? {
    try await task(id.task)?.slots[id.shard].slot
  }

  /// Hands the slot to `owner`; returns the fence of the new run.
  func offer(_ slot: SlotID, to owner: Owner) async throws -> Fence {
    let last = try await self.slot(slot)?.epoch ?? .none
    let epoch = Epoch(last.value + 1)
    guard try await apply(slot, .offer(to: owner, epoch: epoch)) == .moved else {
      throw NotCreated()
    }
    return Fence(epoch: epoch, boot: owner.boot)
  }

  /// Hands the slot out and lets the run start.
  func start(_ slot: SlotID, by owner: Owner = .some) async throws -> Fence {
    let fence = try await offer(slot, to: owner)
    guard try await apply(slot, .started, fence) == .moved else { throw NotCreated() }
    return fence
  }

  /// Runs the only slot of a task to its end.
  func finish(_ task: TaskID) async throws {
    let slot = SlotID(task: task, shard: 0)
    let fence = try await start(slot)
    guard try await apply(slot, .succeeded(result: []), fence) == .moved else { throw NotCreated() }
  }
}

struct NotCreated: Error {}

extension Owner {
  static let some = Owner(worker: "worker-1", boot: BootID(UUIDv7(high: 1, low: 1)))
  static let other = Owner(worker: "worker-2", boot: BootID(UUIDv7(high: 2, low: 2)))
}

extension Submission {
  init(_ handler: String = "hello", in namespace: String = "default") {
    self.init(template: TaskTemplate(namespace: namespace, handler: handler))
  }
}

extension TriggerDraft {
  /// A trigger that fires every second.
  init(
    _ name: String,
    in namespace: String = "default",
    isOnline: Bool = true,
    _ edit: (inout TriggerDefinition) -> Void = { _ in }
  ) {
    var definition = TriggerDefinition(handler: "hello", schedule: "@every 1s")
    edit(&definition)
    self.init(namespace: namespace, name: name, definition: definition, isOnline: isOnline)
  }
}

extension SlotID {
  init(_ task: TaskID, _ shard: Int = 0) { self.init(task: task, shard: shard) }
}
