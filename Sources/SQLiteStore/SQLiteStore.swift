package import Engine
internal import Foundation
internal import PlatformSQLite
package import Store
internal import Synchronization

/// Keeps everything in one SQLite file: durable, and served by a single process.
///
/// One thread writes and alone checkpoints; a few connections read beside it, each on a snapshot.
package final class SQLiteStore: OperationStore {
  let readers: ReaderPool
  let writer: Writer
  private let lock: Mutex<LockHolder>
  private let path: String

  private struct LockHolder: ~Copyable {
    var file: LockFile?
  }

  /// The name of the database in its directory.
  package static let fileName = "tompion.db"

  /// Opens the database in `directory`, making both if they are absent.
  ///
  /// Throws `.locked` when another process has it or a newer version wrote it, `.corrupt` when it is
  /// damaged.
  package static func open(
    directory: String,
    configuration: SQLiteStoreConfiguration,
    matching: any Matching
  ) throws(StoreError) -> SQLiteStore {
    try makeDirectory(directory)
    let lock = try LockFile(path: "\(directory)/LOCK")
    return try SQLiteStore("\(directory)/\(fileName)", lock, configuration, matching)
  }

  private init(
    _ path: String,
    _ lock: consuming LockFile,
    _ configuration: SQLiteStoreConfiguration,
    _ matching: any Matching
  ) throws(StoreError) {
    self.path = path
    self.lock = Mutex(LockHolder(file: lock))
    let opening = Opening(path: path, configuration: configuration)
    writer = Writer(try opening.ledger(), configuration, matching)
    readers = try ReaderPool(count: configuration.readers) { () throws(StoreError) in
      try opening.reader()
    }
    writer.start()
  }

  deinit { writer.close() }

  private static func makeDirectory(_ directory: String) throws(StoreError) {
    do {
      try FileManager.default.createDirectory(
        atPath: directory,
        withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700]
      )
    } catch {
      throw StoreError(.unavailable, "cannot make the directory \(directory)", cause: error)
    }
  }

  package func post(_ operation: StoreOperation) { writer.post(operation) }

  package func stir() { writer.stir() }

  /// Reads rows of slots and triggers, once they are up to date.
  ///
  /// While nothing can be written they stay behind, and what they were is what there is to read.
  func readSettled<Result: Sendable>(
    _ body: @Sendable (ReadSession) throws(StoreError) -> Result
  ) async throws(StoreError) -> Result {
    try await settle()
    return try await readers.read(body)
  }

  /// Settles what is ahead now, a slice at a time, so that nobody has to wait for all of it.
  private func settle() async throws(StoreError) {
    guard writer.hasUnsettled else { return }
    do throws(StoreError) {
      var goal: Int64?
      while try await settleSlice(&goal) {}
    } catch {
      guard error.code == .unavailable else { throw error }
    }
  }

  /// Whether there is more to do until every page up to `goal` has its rows.
  private func settleSlice(_ goal: inout Int64?) async throws(StoreError) -> Bool {
    let (through, last) = try await perform { ledger throws(StoreError) -> (Int64, Int64) in
      guard let ledger = ledger as? SQLiteLedger else { return (0, 0) }
      try ledger.settle(SQLiteStore.settlingSlices)
      return (ledger.settledThrough, ledger.counters.page)
    }
    let end = goal ?? last
    goal = end
    return through < end
  }

  private static let settlingSlices = SettlingLimits(slots: 256, triggers: 256)

  package func dropTasks(
    endedBefore time: Timestamp,
    keepingPerTrigger: Int,
    limit: Int
  ) async throws(StoreError) -> Int {
    try await settle()
    return try await perform(weight: limit) { ledger throws(StoreError) in
      try ledger.dropTasks(endedBefore: time, keepingPerTrigger: keepingPerTrigger, limit: limit)
    }
  }

  package func status() async -> StoreStatus { writer.status(name: "sqlite") }

  /// How many transactions were committed since the store was opened.
  package var commits: Int { writer.commits }

  package func close() async {
    writer.close()
    await readers.close()  // A reader would keep the log from being folded in.
    await writer.finish()
    lock.withLock { $0.file = nil }
  }
}
