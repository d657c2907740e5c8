internal import CSQLite
internal import Synchronization

/// Stops what a connection is doing; may be called from any thread and outlive the connection.
package final class Interrupter: Sendable {
  @safe private struct Target: @unchecked Sendable {
    // SQLite allows `sqlite3_interrupt` from any thread as long as the connection is open.
    let handle: OpaquePointer?
  }

  private let target: Mutex<Target>

  init(handle: OpaquePointer) {
    target = unsafe Mutex(Target(handle: handle))
  }

  /// Makes the statements running now throw `.interrupted`; does nothing when none are.
  package func interrupt() {
    target.withLock { target in
      guard let handle = unsafe target.handle else { return }
      unsafe sqlite3_interrupt(handle)
    }
  }

  /// Forgets the connection, which is about to close.
  func invalidate() {
    target.withLock { target in unsafe target = Target(handle: nil) }
  }
}
