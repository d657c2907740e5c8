extension Duration {
  /// The longest duration that can be written: ten years of 365 days.
  package static let longestWritten: Duration = .seconds(10 * 365 * secondsPerDay)

  /// Reads a duration such as `1m30s`, `250ms`, `1.5h` or `2d`; `0` needs no unit.
  ///
  /// Decimal numbers with the units `d h m s ms`, in falling order, each once, without blanks. The
  /// whole must be a number of microseconds, and at most ten years.
  package init(parsing text: String) throws(TimeTextError) {
    guard text != "0" else {
      self = .zero
      return
    }
    guard text.utf8.count <= 64 else {
      throw TimeTextError(message: "a duration is at most 64 characters long", position: 64)
    }
    var scanner = TextScanner(text)
    var total: Int64 = 0
    var allowed = DurationUnit.falling[...]
    repeat {
      let (unit, microseconds) = try scanner.term(allowed)
      total += microseconds  // Each of at most five terms is within the bound.
      allowed = allowed.drop { $0 != unit }.dropFirst()
    } while !scanner.isAtEnd
    guard total <= Self.longestWritten.microseconds else {
      throw TimeTextError(message: "the duration is longer than 3650d", position: 0)
    }
    self = .microseconds(total)
  }

  /// The same notation: `1m30s`, `250ms`, `1d2h`, `0s`; below a millisecond as its decimals.
  ///
  /// Reading it back gives the same whole microseconds. A negative one begins with `-`, and only
  /// people can read that.
  package var text: String {
    var rest = microseconds.magnitude
    guard rest > 0 else { return "0s" }
    var text = microseconds < 0 ? "-" : ""
    for unit in DurationUnit.falling.dropLast() where rest >= unit.microseconds.magnitude {
      text += "\(rest / unit.microseconds.magnitude)\(unit.rawValue)"
      rest %= unit.microseconds.magnitude
    }
    guard rest > 0 else { return text }
    text += String(rest / 1_000)
    if rest % 1_000 > 0 {
      text += "." + String(1_000 + rest % 1_000).dropFirst().trimmingZeros
    }
    return text + "ms"
  }
}

/// A unit of the written form.
private enum DurationUnit: String {
  case days = "d"
  case hours = "h"
  case minutes = "m"
  case seconds = "s"
  case milliseconds = "ms"

  static let falling: [DurationUnit] = [.days, .hours, .minutes, .seconds, .milliseconds]

  var microseconds: Int64 {
    switch self {
    case .days: secondsPerDay * 1_000_000
    case .hours: 3_600_000_000
    case .minutes: 60_000_000
    case .seconds: 1_000_000
    case .milliseconds: 1_000
    }
  }
}

extension TextScanner {
  /// A number and its unit, which must be one of `allowed`.
  fileprivate mutating func term(
    _ allowed: ArraySlice<DurationUnit>
  ) throws(TimeTextError) -> (unit: DurationUnit, microseconds: Int64) {
    let start = self
    let whole = digits(atMost: 64)
    guard !whole.isEmpty else {
      throw start.failure("a number is expected, as in 1m30s")
    }
    var fraction: ArraySlice<UInt8> = []
    if skip(".") {
      fraction = digits(atMost: 64)
      guard !fraction.isEmpty else { throw failure("digits are expected after the point") }
    }
    let unit = try unit(allowed)
    return (unit, try start.microseconds(whole, fraction, unit))
  }

  private mutating func unit(
    _ allowed: ArraySlice<DurationUnit>
  ) throws(TimeTextError) -> DurationUnit {
    let start = self
    let name = letters()
    guard !name.isEmpty else { throw failure("a unit is expected: d, h, m, s or ms") }
    guard let unit = DurationUnit(rawValue: name) else {
      throw start.failure("\(name.prefix(16)) is not a unit; the units are d, h, m, s and ms")
    }
    guard allowed.contains(unit) else {
      throw start.failure("the units stand in falling order, each once: d, h, m, s, ms")
    }
    return unit
  }

  /// The exact product of a decimal number and its unit.
  private func microseconds(
    _ whole: ArraySlice<UInt8>,
    _ fraction: ArraySlice<UInt8>,
    _ unit: DurationUnit
  ) throws(TimeTextError) -> Int64 {
    let bound = Duration.longestWritten.microseconds
    let (product, overflow) = decimalValue(whole).multipliedReportingOverflow(by: unit.microseconds)
    guard !overflow, product <= bound else {
      throw failure("the duration is longer than 3650d")
    }
    var numerator: Int64 = 0
    var denominator: Int64 = 1
    for digit in fraction.trimmingTrailingZeros {
      // A day has 2^13 · 3^3 · 5^8 microseconds: with a 14th digit the product cannot be whole.
      guard denominator < 10_000_000_000_000 else {
        throw failure("the duration is finer than a microsecond")
      }
      numerator = numerator * 10 + Int64(digit &- UInt8(ascii: "0"))
      denominator *= 10
    }
    let (high, low) = numerator.multipliedFullWidth(by: unit.microseconds)
    let (quotient, remainder) = denominator.dividingFullWidth((high, low))
    guard remainder == 0 else { throw failure("the duration is finer than a microsecond") }
    return product + quotient
  }
}

extension ArraySlice<UInt8> {
  fileprivate var trimmingTrailingZeros: ArraySlice<UInt8> {
    prefix((lastIndex { $0 != UInt8(ascii: "0") } ?? startIndex - 1) - startIndex + 1)
  }
}

extension Substring {
  fileprivate var trimmingZeros: Substring {
    var rest = self
    while rest.last == "0" { rest.removeLast() }
    return rest
  }
}
