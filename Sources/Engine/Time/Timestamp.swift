/// An instant in UTC, counted in whole microseconds since 1970 began; negative before that.
///
/// Leap seconds do not exist here, as in POSIX time.
package struct Timestamp: Sendable, Hashable, Comparable {
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  /// Whole seconds since 1970.
  package init(seconds: Int64) {
    microseconds = seconds * 1_000_000
  }

  /// The last instant a schedule may name: the end of the year 9999.
  package static let distantFuture = Timestamp(microseconds: 253_402_300_799_999_999)

  /// Whole hours since 1970, rounded down.
  package var hour: Int64 {
    let (hour, rest) = microseconds.quotientAndRemainder(dividingBy: Timestamp.microsecondsPerHour)
    return rest < 0 ? hour - 1 : hour
  }

  /// The last instant of the hour.
  package var endOfHour: Timestamp {
    let (next, overflow) = (hour + 1).multipliedReportingOverflow(by: Timestamp.microsecondsPerHour)
    return overflow ? Timestamp(microseconds: .max) : Timestamp(microseconds: next - 1)
  }

  private static let microsecondsPerHour: Int64 = 3_600_000_000

  /// The instant one microsecond before.
  package var predecessor: Timestamp { self - .microseconds(1) }

  package static func < (earlier: Timestamp, later: Timestamp) -> Bool {
    earlier.microseconds < later.microseconds
  }

  /// Saturates at the ends of the range instead of overflowing; anything below a microsecond is dropped.
  package static func + (instant: Timestamp, wait: Duration) -> Timestamp {
    let (sum, overflow) = instant.microseconds.addingReportingOverflow(wait.microseconds)
    guard overflow else { return Timestamp(microseconds: sum) }
    return Timestamp(microseconds: wait < .zero ? .min : .max)
  }

  package static func - (instant: Timestamp, wait: Duration) -> Timestamp {
    instant + (.zero - wait)
  }

  /// How long after `earlier` this instant is.
  package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .microseconds(later.microseconds) - .microseconds(earlier.microseconds)
  }
}

extension Duration {
  /// Whole microseconds, rounded towards zero and saturated at the range of 64 bits.
  package var microseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, carried) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000)
    return carried ? (seconds < 0 ? .min : .max) : sum
  }
}
