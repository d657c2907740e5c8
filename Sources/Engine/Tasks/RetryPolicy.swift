/// How often and how soon a failed run is tried again.
package struct RetryPolicy: Sendable, Hashable, Codable {
  /// How many more attempts follow the first. 0 to 100.
  package var retries = 3

  /// The bound of the wait after the first attempt; it doubles with each further one.
  package var base: Duration = .seconds(1)

  /// The longest wait, before jitter.
  package var cap: Duration = .seconds(300)

  package init(retries: Int = 3, base: Duration = .seconds(1), cap: Duration = .seconds(300)) {
    self.retries = retries
    self.base = base
    self.cap = cap
  }

  /// The wait after attempt number `attempt` failed, or `nil` when none are left. Attempts count from 1.
  ///
  /// Full jitter: anything from nothing to the bound, `jitter` deciding from 0 up to 1.
  package func delay(afterAttempt attempt: Int, jitter: Double) -> Duration? {
    guard attempt <= retries else { return nil }
    return .microseconds(Int64(Double(bound(afterAttempt: attempt).microseconds) * jitter))
  }

  /// The longest the wait after attempt number `attempt` may be.
  package func bound(afterAttempt attempt: Int) -> Duration {
    let doublings = min(max(attempt - 1, 0), 20)  // A millisecond grown to a quarter of an hour.
    let (grown, overflow) = base.microseconds.multipliedReportingOverflow(by: 1 << Int64(doublings))
    return overflow ? cap : min(.microseconds(grown), cap)
  }
}
