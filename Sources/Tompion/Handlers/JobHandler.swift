/// The code that does the work of a task.
///
/// One value serves every run of its name, several at once if the capacity allows.
public protocol JobHandler: Sendable {
  /// Does the work of one run. Returning is success; what is thrown says what went wrong.
  ///
  /// A `JobFailure` says how to go on; after any other error the run is tried again if the trigger
  /// allows it. When the run must stop, the task is cancelled and `context.cancellationReason` says
  /// why: throw `CancellationError` then, soon. A run may be handed out again to another worker, so
  /// let repeats do no harm, or send `taskInfo.fencingEpoch` along to whatever is changed.
  func run(_ context: JobContext) async throws
}

/// A handler made of a closure.
struct ClosureHandler: JobHandler {
  let body: @Sendable (JobContext) async throws -> Void

  func run(_ context: JobContext) async throws {
    try await body(context)
  }
}
