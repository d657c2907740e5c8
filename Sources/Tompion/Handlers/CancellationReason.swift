/// Why a handler was asked to stop.
public enum CancellationReason: Sendable, Hashable {
  /// Somebody cancelled the task.
  case cancelled
  /// A newer occurrence takes the place of this one.
  case replaced
  /// The run took longer than its limit; the server says so.
  case runTimeout
  /// No progress was reported for longer than the limit; the server says so.
  case heartbeatTimeout
  /// All attempts together took longer than the limit.
  case totalTimeout
  /// The run took longer than its limit, and the server did not say so in time.
  case localRunTimeout
  /// No progress was reported for longer than the limit, and the server did not say so in time.
  case localHeartbeatTimeout
  /// The server did not answer for so long that it may have given the run to another worker.
  case leaseLost
  /// The server gave the run to another worker. Nothing that comes of it counts.
  case superseded
  /// The worker shuts down and its grace is over; another worker will take the run.
  case shutdown
}

extension CancellationReason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cancelled: "cancelled"
    case .replaced: "replaced by a newer occurrence"
    case .runTimeout, .localRunTimeout: "the run took too long"
    case .heartbeatTimeout, .localHeartbeatTimeout: "no progress for too long"
    case .totalTimeout: "all attempts together took too long"
    case .leaseLost: "lost contact with the server"
    case .superseded: "given to another worker"
    case .shutdown: "the worker shuts down"
    }
  }
}
