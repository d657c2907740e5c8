/// Standard time and, perhaps, the yearly dates of summer time, as in `CET-1CEST,M3.5.0,M10.5.0/3`
/// (POSIX `TZ`, with the extensions of RFC 9636, 3.3.1).
struct PosixZoneRule: Sendable, Hashable {
  /// Seconds east of Greenwich.
  let standardOffset: Int64
  let daylight: Daylight?

  /// 24:59:59 is the largest offset that the notation allows; one hour more is summer time on top.
  static let largestOffset: Int64 = 26 * 3_600

  struct Daylight: Sendable, Hashable {
    let offset: Int64
    let begins: Day
    let ends: Day
  }

  /// One day of every year, and the seconds from its midnight, which may lie on another day.
  struct Day: Sendable, Hashable {
    enum Date: Sendable, Hashable {
      /// 1 … 365; the leap day is never counted.
      case ordinalWithoutLeapDay(Int)
      /// 0 … 365; the leap day is counted.
      case ordinal(Int)
      /// The week is 1 … 5, where 5 means the last; weekday 0 is Sunday.
      case weekday(month: Int, week: Int, weekday: Int)
    }

    let date: Date
    let time: Int64
  }
}

extension PosixZoneRule.Daylight {
  /// The two changes of `year`.
  func transitions(in year: Int64, standard: Int64) -> [TimeZoneRules.Transition] {
    [
      TimeZoneRules.Transition(at: ends.localSecond(in: year) - offset, offset: standard),
      TimeZoneRules.Transition(at: begins.localSecond(in: year) - standard, offset: offset),
    ]
  }
}

extension PosixZoneRule.Day {
  /// The local second, since 1970, at which it comes in `year`.
  func localSecond(in year: Int64) -> Int64 {
    let newYear = CivilDate(year: year, month: 1, day: 1).daysSince1970
    let leap = CivilDate.isLeap(year)
    switch date {
    case .ordinal(let number):
      return (newYear + Int64(number)) * secondsPerDay + time
    case .ordinalWithoutLeapDay(let number):
      let skipped = leap && number >= 60 ? 1 : 0
      return (newYear + Int64(number - 1 + skipped)) * secondsPerDay + time
    case .weekday(let month, let week, let weekday):
      let first = CivilDate(year: year, month: month, day: 1).daysSince1970
      var day = (weekday - CivilDate.weekday(daysSince1970: first) + 7) % 7 + 7 * (week - 1)
      if day >= CivilDate.length(ofMonth: month, leap: leap) { day -= 7 }
      return (first + Int64(day)) * secondsPerDay + time
    }
  }
}

extension PosixZoneRule {
  /// Reads the notation; anything else is `nil`.
  init?(_ text: String) {
    var scanner = TextScanner(text)
    guard scanner.skipAbbreviation(), let west = scanner.clockTime(hoursUpTo: 24) else {
      return nil
    }
    standardOffset = -west
    if scanner.isAtEnd {
      daylight = nil
      return
    }
    guard scanner.skipAbbreviation() else { return nil }
    var offset = standardOffset + 3_600
    if let next = scanner.next, next != UInt8(ascii: ",") {
      guard let west = scanner.clockTime(hoursUpTo: 24) else { return nil }
      offset = -west
    }
    guard scanner.skip(","), let begins = scanner.day(), scanner.skip(","),
      let ends = scanner.day(), scanner.isAtEnd
    else { return nil }
    daylight = Daylight(offset: offset, begins: begins, ends: ends)
  }
}

extension TextScanner {
  /// Three or more letters, or `<+0330>`.
  fileprivate mutating func skipAbbreviation() -> Bool {
    guard skip("<") else { return letters().count >= 3 }
    while let next, next != UInt8(ascii: ">") { advance() }
    return skip(">")
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  fileprivate mutating func clockTime(hoursUpTo limit: Int64) -> Int64? {
    let sign: Int64 = skip("-") ? -1 : 1
    if sign > 0 { _ = skip("+") }
    guard let hours = small(upTo: limit) else { return nil }
    var seconds = hours * 3_600
    for unit: Int64 in [60, 1] {
      guard skip(":") else { break }
      guard let count = small(upTo: 59) else { return nil }
      seconds += count * unit
    }
    return sign * seconds
  }

  /// A date as `Jn`, `n` or `Mm.w.d`, and the time of day after a slash; 02:00 without.
  fileprivate mutating func day() -> PosixZoneRule.Day? {
    guard let date = date() else { return nil }
    guard skip("/") else { return PosixZoneRule.Day(date: date, time: 7_200) }
    return clockTime(hoursUpTo: 167).map { PosixZoneRule.Day(date: date, time: $0) }
  }

  private mutating func date() -> PosixZoneRule.Day.Date? {
    if skip("j") { return small(from: 1, upTo: 365).map { .ordinalWithoutLeapDay(Int($0)) } }
    guard skip("m") else { return small(upTo: 365).map { .ordinal(Int($0)) } }
    guard let month = small(from: 1, upTo: 12), skip("."), let week = small(from: 1, upTo: 5),
      skip("."), let weekday = small(upTo: 6)
    else { return nil }
    return .weekday(month: Int(month), week: Int(week), weekday: Int(weekday))
  }

  private mutating func small(from lowest: Int64 = 0, upTo highest: Int64) -> Int64? {
    let digits = digits(atMost: 3)
    guard !digits.isEmpty else { return nil }
    let value = decimalValue(digits)
    return value >= lowest && value <= highest ? value : nil
  }
}
