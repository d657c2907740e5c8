import Engine
import Foundation
import SQLiteStore
import Store
import Synchronization
import TompionTesting

/// A directory of its own for one test, removed when the test lets it go.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "tompion-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var database: String { "\(path)/\(SQLiteStore.fileName)" }

  /// The files as a killed process would leave them, without its lock.
  func copy() throws -> TemporaryDirectory {
    let other = try TemporaryDirectory()
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: database + suffix) {
      try FileManager.default.copyItem(atPath: database + suffix, toPath: other.database + suffix)
    }
    return other
  }

  func open(
    clock: ManualClock = ManualClock(),
    matching: any Matching = NoMatching(),
    _ edit: (inout SQLiteStoreConfiguration) -> Void = { _ in }
  ) throws -> SQLiteStore {
    var configuration = SQLiteStoreConfiguration { clock.wall }
    edit(&configuration)
    return try SQLiteStore.open(
      directory: path,
      configuration: configuration,
      matching: matching
    )
  }
}

/// Remembers what it is told.
final class ListeningMatching: Matching {
  private let state = Mutex(
    (bindings: [SlotCommand](), undone: [SlotCommand](), commits: 0, heard: Set<SlotID>())
  )

  func bindNext(_ commands: [SlotCommand]) { state.withLock { $0.bindings = commands } }
  var undoneBindings: [SlotCommand] { state.withLock { $0.undone } }
  var commits: Int { state.withLock { $0.commits } }
  /// The slots it was told of before a commit.
  var heard: Set<SlotID> { state.withLock { $0.heard } }

  func bind(after changes: [SlotChange]) -> [SlotCommand] {
    state.withLock { state in
      state.heard.formUnion(changes.map(\.slot.id))
      defer { state.bindings = [] }
      return state.bindings
    }
  }

  func committed(_ commit: Commit) { state.withLock { $0.commits += 1 } }
  func undone(_ bindings: [SlotCommand]) { state.withLock { $0.undone += bindings } }
}

extension Store {
  func submit(_ submissions: [Submission]) async throws -> [SubmissionAnswer] {
    try await withCheckedThrowingContinuation { done in
      submit(submissions) { done.resume(with: $0) }
    }
  }

  func submit(handler: String = "hello", param: [UInt8]? = nil) async throws -> TaskID {
    var submission = Submission(
      template: TaskTemplate(namespace: Namespace.defaultName, handler: handler)
    )
    submission.param = param
    guard case .created(let id) = try await submit([submission]).first else { throw NotCreated() }
    return id
  }

  func apply(_ commands: SlotCommand...) async throws -> [Verdict] {
    try await withCheckedThrowingContinuation { done in
      apply(commands) { done.resume(with: $0) }
    }
  }
}

struct NotCreated: Error {}

extension Owner {
  static let some = Owner(worker: "worker-1", boot: BootID(UUIDv7(high: 1, low: 1)))
}
