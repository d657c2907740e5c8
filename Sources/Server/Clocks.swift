package import Engine
import PlatformRuntime

/// Where the server reads the time and waits; a test hands in its own.
package struct Clocks: Sendable {
  package var wall: @Sendable () -> Timestamp
  /// Since some fixed instant; it runs during suspend and is never set.
  package var monotonic: @Sendable () -> Duration

  package init(
    wall: @escaping @Sendable () -> Timestamp,
    monotonic: @escaping @Sendable () -> Duration
  ) {
    self.wall = wall
    self.monotonic = monotonic
  }

  package var now: Moment { Moment(monotonic: monotonic(), wall: wall()) }

  package static let system = Clocks(
    wall: { Timestamp(microseconds: SystemClock.wallMicroseconds) },
    monotonic: { SystemClock.monotonic }
  )
}

/// Notices when the wall clock is set: it progresses by another amount than the monotonic one.
package struct ClockWatch: Sendable {
  /// A smaller difference is drift.
  package static let tolerance: Duration = .seconds(2)

  private var last: Moment

  package init(at now: Moment) {
    last = now
  }

  /// By how much the wall clock was set since the last look, if it was.
  package mutating func step(at now: Moment) -> Duration? {
    let step = (now.wall - last.wall) - (now.monotonic - last.monotonic)
    last = now
    return step > ClockWatch.tolerance || step < .zero - ClockWatch.tolerance ? step : nil
  }
}
