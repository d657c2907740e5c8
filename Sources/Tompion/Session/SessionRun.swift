internal import Engine
internal import Wire

/// What a session knows of one run until its end is acknowledged.
struct SessionRun: Sendable {
  enum Phase: Sendable {
    /// There was no room; the handler has not been entered.
    case queued(Offer, until: Duration)
    case running
    /// The handler is done, and the server does not know yet.
    case ended(Report.Event)
  }

  let handler: String
  var phase: Phase
  /// Why the handler was asked to stop, if it was.
  var cancellation: CancellationReason?
  /// The server gave the run to somebody else: nothing more will be said about it.
  var isDisowned = false
  /// When the handler has taken too long; `nil` without a limit.
  var runDeadline: Duration?
  var heartbeatLimit: Duration?
  /// When the handler has been silent for too long; `nil` without a limit.
  var heartbeatDeadline: Duration?
  /// A sign of progress that waits for being sent; a newer one replaces it.
  var progress: (percent: Int?, note: String?)?
  var logBytes = 0
  var droppedLines = 0

  /// The first of its limits, if it runs under any and was not asked to stop yet.
  var deadline: Duration? {
    guard case .running = phase, cancellation == nil else { return nil }
    switch (runDeadline, heartbeatDeadline) {
    case (let run?, let heartbeat?): return min(run, heartbeat)
    case (let run, let heartbeat): return run ?? heartbeat
    }
  }
}
