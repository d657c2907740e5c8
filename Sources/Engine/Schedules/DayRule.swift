/// Which days of a month an expression means.
struct DayRule: Sendable, Hashable {
  /// Plain days of the month, 1 … 31.
  var monthDays = NumberSet()
  /// `L-n` by its n; 0 is `L`, the last day.
  var beforeLast = NumberSet()
  /// `nW` by its n: the day from Monday to Friday nearest to day n within the month.
  var nearestWorkdays = NumberSet()
  /// `LW`: the last day from Monday to Friday.
  var lastWorkday = false

  /// Plain days of the week; 0 is Sunday.
  var weekdays = NumberSet()
  /// `FRI#2` as its weekday plus 8 for each week before its number: 5 + 8 · 1.
  var numberedWeekdays = NumberSet()
  /// `FRIL`: the last one of the month.
  var lastWeekdays = NumberSet()

  /// Whether the day of the month was written as anything but `*`, `?` or `*/1`.
  var restrictsMonthDay = false
  /// The same for the day of the week.
  var restrictsWeekday = false

  /// The matching days of a month that has `length` days and begins on weekday `first`.
  ///
  /// When both fields restrict, a day that either one means will do.
  func days(first: Int, length: Int) -> NumberSet {
    var days = NumberSet()
    if restrictsMonthDay { days.bits |= monthDays(first: first, length: length) }
    if restrictsWeekday { days.bits |= weekdays(first: first, length: length) }
    if !restrictsMonthDay && !restrictsWeekday { days.bits = ~0 }
    days.bits &= (1 << UInt64(length + 1)) - 2
    return days
  }

  private func monthDays(first: Int, length: Int) -> UInt64 {
    var bits = monthDays.bits
    if !beforeLast.isEmpty {
      for back in 0..<length where beforeLast.contains(back) { bits |= 1 << UInt64(length - back) }
    }
    if lastWorkday { bits |= 1 << UInt64(workday(nearest: length, first: first, length: length)) }
    if !nearestWorkdays.isEmpty {
      for day in 1...length where nearestWorkdays.contains(day) {
        bits |= 1 << UInt64(workday(nearest: day, first: first, length: length))
      }
    }
    return bits
  }

  /// The nearest day from Monday to Friday that does not leave the month.
  private func workday(nearest day: Int, first: Int, length: Int) -> Int {
    switch (first + day - 1) % 7 {
    case 0: day == length ? day - 2 : day + 1
    case 6: day == 1 ? day + 2 : day - 1
    default: day
    }
  }

  private func weekdays(first: Int, length: Int) -> UInt64 {
    // One week from the 1st on, set down five times.
    var bits = week(of: weekdays, from: first) &* 0x1020_4081 << 1
    if !numberedWeekdays.isEmpty {
      for number in 0..<5 {
        var set = NumberSet()
        set.bits = numberedWeekdays.bits >> UInt64(8 * number) & 0x7F
        bits |= week(of: set, from: first) << UInt64(7 * number + 1)
      }
    }
    bits |= week(of: lastWeekdays, from: (first + length) % 7) << UInt64(length - 6)
    return bits
  }

  /// Seven bits: whether each of the seven days that begin with weekday `first` is in the set.
  private func week(of set: NumberSet, from first: Int) -> UInt64 {
    (set.bits >> UInt64(first) | set.bits << UInt64(7 - first)) & 0x7F
  }
}
