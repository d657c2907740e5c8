extension Timestamp {
  /// The first instant a schedule may name: the start of 1970.
  package static let epoch = Timestamp(microseconds: 0)

  /// Reads an RFC 3339 date and time, such as `2026-12-24T18:00:00.5+01:00`.
  ///
  /// The offset is required. Up to nine fraction digits are read and those below a microsecond are
  /// dropped. The years are 1970 to 9999 in UTC; there is no leap second.
  package init(parsing text: String) throws(TimeTextError) {
    var scanner = TextScanner(text)
    let local = try LocalDateTime(&scanner)
    let offset = try Self.offset(&scanner)
    guard scanner.isAtEnd else {
      throw scanner.failure("nothing may follow the offset")
    }
    let instant = Timestamp(microseconds: local.microseconds - offset * 1_000_000)
    guard instant >= .epoch, instant <= .distantFuture else {
      throw TimeTextError(message: "the time must lie in the years 1970 to 9999", position: 0)
    }
    self = instant
  }

  /// Seconds east of Greenwich: `Z`, `+hh:mm` or `-hh:mm`.
  private static func offset(_ scanner: inout TextScanner) throws(TimeTextError) -> Int64 {
    if scanner.skip("z") { return 0 }
    let start = scanner
    let sign: Int64 = scanner.skip("-") ? -1 : 1
    guard sign < 0 || scanner.skip("+") else {
      throw start.failure("an offset is required: Z, +hh:mm or -hh:mm")
    }
    guard let hours = scanner.number(ofDigits: 2), hours < 24, scanner.skip(":"),
      let minutes = scanner.number(ofDigits: 2), minutes < 60
    else { throw start.failure("an offset is written +hh:mm, at most 23:59") }
    return sign * (hours * 3_600 + minutes * 60)
  }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339 in UTC, always with six fraction digits: `2026-12-24T17:00:00.500000Z`.
  package var description: String {
    let second = floorDivide(microseconds, by: 1_000_000)
    let date = CivilDate(daysSince1970: floorDivide(second, by: secondsPerDay))
    let time = Int(floorModulo(second, by: secondsPerDay))
    var text: [UInt8] = []
    text.reserveCapacity(27)
    if date.year < 0 { text.append(UInt8(ascii: "-")) }
    text.append(Int(date.year.magnitude), digits: 4, then: "-")
    text.append(date.month, digits: 2, then: "-")
    text.append(date.day, digits: 2, then: "T")
    text.append(time / 3_600, digits: 2, then: ":")
    text.append(time / 60 % 60, digits: 2, then: ":")
    text.append(time % 60, digits: 2, then: ".")
    text.append(Int(floorModulo(microseconds, by: 1_000_000)), digits: 6, then: "Z")
    return String(decoding: text, as: UTF8.self)
  }
}

/// A date and a time of day as a clock on the wall shows them, without a zone.
struct LocalDateTime: Sendable, Hashable {
  /// Microseconds since the wall clock showed 1970-01-01 00:00.
  let microseconds: Int64

  /// Reads `2026-12-24T18:00:00.5`, whose fraction may be left out; a blank may stand for the `T`.
  /// Checks every part against the calendar.
  init(_ scanner: inout TextScanner) throws(TimeTextError) {
    let date = try Self.date(&scanner)
    guard scanner.skip("t") || scanner.skip(" ") else {
      throw scanner.failure("a date is followed by T and a time of day")
    }
    let hour = try scanner.number(upTo: 23, named: "hour")
    guard scanner.skip(":") else { throw scanner.failure("a time is written hh:mm:ss") }
    let minute = try scanner.number(upTo: 59, named: "minute")
    guard scanner.skip(":") else { throw scanner.failure("a time is written hh:mm:ss") }
    let second = try scanner.number(upTo: 59, named: "second")
    let fraction = try Self.fraction(&scanner)
    let seconds = date.daysSince1970 * secondsPerDay + hour * 3_600 + minute * 60 + second
    microseconds = seconds * 1_000_000 + fraction
  }

  private static func date(_ scanner: inout TextScanner) throws(TimeTextError) -> CivilDate {
    guard let year = scanner.number(ofDigits: 4), scanner.skip("-") else {
      throw scanner.failure("a time begins with its date, written yyyy-mm-dd")
    }
    let month = try scanner.number(upTo: 12, named: "month", from: 1)
    guard scanner.skip("-") else { throw scanner.failure("a date is written yyyy-mm-dd") }
    let length = CivilDate.length(ofMonth: Int(month), leap: CivilDate.isLeap(year))
    let day = try scanner.number(upTo: Int64(length), named: "day", from: 1)
    return CivilDate(year: year, month: Int(month), day: Int(day))
  }

  /// Microseconds: a point and one to nine digits, or nothing.
  private static func fraction(_ scanner: inout TextScanner) throws(TimeTextError) -> Int64 {
    guard scanner.skip(".") else { return 0 }
    let start = scanner
    let digits = scanner.digits(atMost: 10)
    guard (1...9).contains(digits.count) else {
      throw start.failure("a fraction of a second has one to nine digits")
    }
    let kept = digits.prefix(6)
    return (kept.count..<6).reduce(decimalValue(kept)) { value, _ in value * 10 }
  }
}

extension TextScanner {
  /// An error about the place where the scanner stands.
  func failure(_ message: String) -> TimeTextError {
    TimeTextError(message: message, position: position)
  }

  /// Two digits whose value is in `lowest` … `highest`.
  fileprivate mutating func number(
    upTo highest: Int64,
    named name: String,
    from lowest: Int64 = 0
  ) throws(TimeTextError) -> Int64 {
    let start = self
    guard let number = number(ofDigits: 2) else {
      throw failure("the \(name) is written with two digits")
    }
    guard number >= lowest, number <= highest else {
      throw start.failure("the \(name) must be \(lowest) to \(highest), not \(number)")
    }
    return number
  }
}

extension [UInt8] {
  /// Appends `number`, at least 0, with leading zeros, and a separator after it.
  fileprivate mutating func append(_ number: Int, digits: Int, then separator: Unicode.Scalar) {
    let text = Array(String(number).utf8)
    append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Swift.max(0, digits - text.count)))
    append(contentsOf: text)
    append(UInt8(ascii: separator))
  }
}
