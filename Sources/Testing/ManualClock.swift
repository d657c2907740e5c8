package import Engine
internal import Synchronization

/// A clock that moves only when a test moves it; it also tells the time of day.
package final class ManualClock: Clock {
  package struct Instant: InstantProtocol {
    var sinceStart: Duration = .zero

    package func advanced(by duration: Duration) -> Instant {
      Instant(sinceStart: sinceStart + duration)
    }

    package func duration(to other: Instant) -> Duration {
      other.sinceStart - sinceStart
    }

    package static func < (earlier: Instant, later: Instant) -> Bool {
      earlier.sinceStart < later.sinceStart
    }
  }

  private struct Sleeper {
    let deadline: Instant
    let alarm: AsyncStream<Never>.Continuation
  }

  private struct State {
    var now = Instant()
    var wall: Timestamp
    var sleepers: [Sleeper] = []
  }

  private let state: Mutex<State>
  private let arrivals: AsyncStream<Void>
  private let arrived: AsyncStream<Void>.Continuation

  /// - Parameter wall: The time of day at the start; 2026-01-01 00:00 UTC unless given.
  package init(wall: Timestamp = Timestamp(seconds: 1_767_225_600)) {
    state = Mutex(State(wall: wall))
    (arrivals, arrived) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1024))
  }

  package var now: Instant { state.withLock { $0.now } }
  package var minimumResolution: Duration { .zero }
  /// The time of day.
  package var wall: Timestamp { state.withLock { $0.wall } }

  package func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    let (morning, alarm) = AsyncStream.makeStream(of: Never.self)
    state.withLock { state in
      if deadline <= state.now { return alarm.finish() }
      state.sleepers.append(Sleeper(deadline: deadline, alarm: alarm))
    }
    arrived.yield()
    for await _ in morning {}
    try Task.checkCancellation()
  }

  /// Suspends until a task has gone to sleep on this clock.
  package func untilSleeping() async {
    for await _ in arrivals { return }
  }

  /// Moves both times forward and wakes every sleeper whose deadline has come.
  package func advance(by duration: Duration) {
    state.withLock { state in
      state.now = state.now.advanced(by: duration)
      state.wall = state.wall + duration
      for sleeper in state.sleepers where sleeper.deadline <= state.now { sleeper.alarm.finish() }
      state.sleepers.removeAll { $0.deadline <= state.now }
    }
  }

  /// Sets the time of day alone, as an administrator or a time server does.
  package func setWall(to time: Timestamp) {
    state.withLock { $0.wall = time }
  }
}
