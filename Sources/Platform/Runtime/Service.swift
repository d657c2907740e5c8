/// Suspends until the server is asked to stop, or the calling task is cancelled.
public typealias Shutdown = @Sendable () async -> Void

/// A part of a process that lives as long as the process does.
public protocol Service: Sendable {
  /// Works until `shutdown` returns and the work in hand is finished.
  ///
  /// Cancelling the calling task cancels the work in hand as well.
  func run(until shutdown: @escaping Shutdown) async throws
}

/// Runs `operation` and cancels it once `shutdown` returns.
public func cancelling(
  when shutdown: @escaping Shutdown,
  _ operation: @escaping @Sendable () async throws -> Void
) async throws {
  try await withThrowingTaskGroup { group in
    group.addTask { await shutdown() }
    group.addTask { try await operation() }
    try await group.next()
    group.cancelAll()
  }
}
