/// A day of the proleptic Gregorian calendar, without a zone.
///
/// The arithmetic counts years from March, so that the leap day comes last and a month's first day
/// is a linear function of its number; 400 years are 146,097 days, a whole number of weeks.
struct CivilDate: Sendable, Hashable {
  var year: Int64
  /// 1 … 12.
  var month: Int
  /// 1 … 31.
  var day: Int

  init(year: Int64, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The date `days` after 1970-01-01; negative before it.
  init(daysSince1970 days: Int64) {
    let shifted = days + 719_468  // From 0000-03-01.
    let era = floorDivide(shifted, by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * fromMarch + 2) / 5) + 1
    month = Int(fromMarch < 10 ? fromMarch + 3 : fromMarch - 9)
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// Days from 1970-01-01 to this date; negative before it.
  var daysSince1970: Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = floorDivide(year, by: 400)
    let yearOfEra = year - era * 400
    let fromMarch = Int64(month > 2 ? month - 3 : month + 9)
    let dayOfYear = (153 * fromMarch + 2) / 5 + Int64(day) - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  static func isLeap(_ year: Int64) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  /// How many days the month has.
  static func length(ofMonth month: Int, leap: Bool) -> Int {
    if month == 2 { return leap ? 29 : 28 }
    return 30 + (month + month / 8) % 2
  }

  /// The day of the week `days` after 1970-01-01: 0 is Sunday, 6 is Saturday.
  static func weekday(daysSince1970 days: Int64) -> Int {
    Int(floorModulo(days + 4, by: 7))
  }
}

/// Seconds in a day that no zone disturbs.
let secondsPerDay: Int64 = 86_400

/// The quotient rounded towards minus infinity; `divisor` is positive.
func floorDivide(_ dividend: Int64, by divisor: Int64) -> Int64 {
  let quotient = dividend / divisor
  return dividend % divisor < 0 ? quotient - 1 : quotient
}

/// What `floorDivide` leaves over: 0 ..< `divisor`.
func floorModulo(_ dividend: Int64, by divisor: Int64) -> Int64 {
  let remainder = dividend % divisor
  return remainder < 0 ? remainder + divisor : remainder
}
