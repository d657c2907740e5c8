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

  /// Reads rows of slots, once they are up to date.
  ///
  /// While nothing can be written they stay behind, and what they were is what there is to read.
  func readSettled<Result: Sendable>(
    _ body: @Sendable (ReadSession) throws(StoreError) -> Result
  ) async throws(StoreError) -> Result {
    try await settle()
    return try await readers.read(body)
  }

  /// As `readSettled`, for what concerns only slots that wait for their time: mostly none is behind.
  func readDelayed<Result: Sendable>(
    _ body: @Sendable (ReadSession) throws(StoreError) -> Result
  ) async throws(StoreError) -> Result {
    try await settle { $0.isDelayBehind }
    return try await readers.read(body)
  }

  private func settle(
    if isNeeded: @escaping @Sendable (SQLiteLedger) -> Bool = { _ in true }
  ) async throws(StoreError) {
    guard writer.hasUnsettled else { return }
    do throws(StoreError) {
      try await perform { ledger throws(StoreError) in
        guard let ledger = ledger as? SQLiteLedger, isNeeded(ledger) else { return }
        try ledger.settle()
      }
    } catch {
      guard error.code == .unavailable else { throw error }
    }
  }

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
