import Engine
import Synchronization

/// The time of day of the machine that the store is on; it can be set, as time servers and people do.
final class HostClock: Sendable {
  /// 2026-01-01 00:00 UTC.
  static let start = Timestamp(seconds: 1_767_225_600)

  private let reading = Mutex((elapsed: Int64(0), offset: Int64(0)))

  var now: Timestamp {
    reading.withLock { HostClock.start + .microseconds($0.elapsed + $0.offset) }
  }

  /// Lets virtual time pass; microseconds since the simulation began.
  func advance(to elapsed: Int64) {
    reading.withLock { $0.elapsed = elapsed }
  }

  /// Sets the clock forward, or back when `step` is negative.
  func set(by step: Duration) {
    reading.withLock { $0.offset += step.microseconds }
  }
}
