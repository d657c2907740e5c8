#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A moment on the wall clock.
package struct LogTime: Sendable, Hashable {
  /// Since 1970-01-01T00:00:00Z, without leap seconds.
  package let microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  package static func now() -> LogTime {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return LogTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}

extension LogTime {
  /// Appends the 27 bytes of RFC 3339 in UTC, such as `2026-01-02T03:04:05.123456Z`.
  ///
  /// Years are those of the proleptic Gregorian calendar, cut to four digits.
  func append(to bytes: inout [UInt8]) {
    let (seconds, fraction) = Self.divide(microseconds, by: 1_000_000)
    let (days, second) = Self.divide(seconds, by: 86_400)
    let (year, month, day) = Self.civil(days: days)
    Self.append(year, width: 4, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    Self.append(month, width: 2, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    Self.append(day, width: 2, to: &bytes)
    bytes.append(UInt8(ascii: "T"))
    Self.append(second / 3600, width: 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    Self.append(second / 60 % 60, width: 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    Self.append(second % 60, width: 2, to: &bytes)
    bytes.append(UInt8(ascii: "."))
    Self.append(fraction, width: 6, to: &bytes)
    bytes.append(UInt8(ascii: "Z"))
  }

  /// Division that rounds down, so that times before 1970 come out right as well.
  private static func divide(_ value: Int64, by divisor: Int64) -> (Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  /// The date so many days after 1970-01-01.
  ///
  /// Years are counted from March, so that the leap day is the last of its year; 400 of them have
  /// 146,097 days, and 719,468 lie between the first of March of the year 0 and 1970.
  private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, day) = divide(days + 719_468, by: 146_097)
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153  // March is 0; five months have 153 days.
    let isNextYear = month >= 10
    return (
      era * 400 + year + (isNextYear ? 1 : 0),
      isNextYear ? month - 9 : month + 3,
      dayOfYear - (153 * month + 2) / 5 + 1
    )
  }

  private static func append(_ number: Int64, width: Int, to bytes: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<width { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(number.magnitude / divisor.magnitude % 10))
      divisor /= 10
    }
  }
}
