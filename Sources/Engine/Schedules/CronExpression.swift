/// The rule of five or six cron fields: which readings of a clock on the wall it means.
///
/// It knows local time only; how that becomes instants is in `CronExpression+Zone.swift`.
package struct CronExpression: Sendable, Hashable {
  var seconds: NumberSet
  var minutes: NumberSet
  var hours: NumberSet
  var months: NumberSet
  var days: DayRule

  /// Whether the hour or the minute is a wildcard: such a rule means every instant whose local time
  /// matches. The others mean fixed times of day, and come once even where the clock changes.
  var followsElapsedTime: Bool

  /// How far ahead, and back, an occurrence is looked for: 400 years, after which the calendar repeats.
  static let horizon = TimeZoneRules.cycle
}

/// Searching for matching seconds of local time, counted from 1970-01-01 00:00 on the wall.
extension CronExpression {
  /// Whether any month of any year has a matching day.
  ///
  /// A year is known by its first weekday and whether it is a leap year, and all 14 kinds exist.
  var hasDays: Bool {
    for kind in 0..<14 {
      var first = kind % 7
      for month in 1...12 {
        let length = CivilDate.length(ofMonth: month, leap: kind >= 7)
        if months.contains(month), !days.days(first: first, length: length).isEmpty { return true }
        first = (first + length) % 7
      }
    }
    return false
  }

  /// The first match from `second` on, or `nil` when there is none up to `limit`.
  func firstLocal(from second: Int64, through limit: Int64) -> Int64? {
    let day = floorDivide(second, by: secondsPerDay)
    var month = CivilMonth(containing: day)
    if isMatching(day, in: month),
      let time = firstTime(from: Int(floorModulo(second, by: secondsPerDay)))
    {
      let found = day * secondsPerDay + Int64(time)
      return found <= limit ? found : nil
    }
    var next = Int(day - month.firstDay) + 2
    while month.firstDay * secondsPerDay <= limit {
      if months.contains(month.month),
        let number = days.days(first: month.firstWeekday, length: month.length).first(from: next)
      {
        let found = (month.firstDay + Int64(number - 1)) * secondsPerDay + Int64(earliestTime)
        return found <= limit ? found : nil
      }
      month.moveForward(to: months)
      next = 1
    }
    return nil
  }

  /// The last match up to `second`, or `nil` when there is none from `limit` on.
  func lastLocal(through second: Int64, from limit: Int64) -> Int64? {
    let day = floorDivide(second, by: secondsPerDay)
    var month = CivilMonth(containing: day)
    if isMatching(day, in: month),
      let time = lastTime(through: Int(floorModulo(second, by: secondsPerDay)))
    {
      let found = day * secondsPerDay + Int64(time)
      return found >= limit ? found : nil
    }
    var next = Int(day - month.firstDay)
    while (month.firstDay + Int64(month.length)) * secondsPerDay > limit {
      if months.contains(month.month),
        let number = days.days(first: month.firstWeekday, length: month.length).last(through: next)
      {
        let found = (month.firstDay + Int64(number - 1)) * secondsPerDay + Int64(latestTime)
        return found >= limit ? found : nil
      }
      month.moveBack(to: months)
      next = month.length
    }
    return nil
  }

  /// How many matches lie in `first` ..< `end`. Costs tens of nanoseconds for each month between.
  func countLocal(from first: Int64, upTo end: Int64) -> Int64 {
    guard first < end else { return 0 }
    return countLocal(before: end, since: first) - countLocal(before: first, since: first)
  }

  /// Matches before `end`, from the start of the month of `origin` on.
  private func countLocal(before end: Int64, since origin: Int64) -> Int64 {
    let day = floorDivide(end, by: secondsPerDay)
    let last = CivilMonth(containing: day)
    var month = CivilMonth(containing: floorDivide(origin, by: secondsPerDay))
    var matching = 0
    while month.firstDay < last.firstDay {
      if months.contains(month.month) {
        matching += days.days(first: month.firstWeekday, length: month.length).count
      }
      month.moveForward(to: months)
    }
    var count = 0
    if months.contains(last.month) {
      let set = days.days(first: last.firstWeekday, length: last.length)
      let number = Int(day - last.firstDay) + 1
      matching += set.count(below: number)
      if set.contains(number) { count = timesBefore(Int(floorModulo(end, by: secondsPerDay))) }
    }
    return Int64(matching) * Int64(timesPerDay) + Int64(count)
  }

  private func isMatching(_ day: Int64, in month: CivilMonth) -> Bool {
    months.contains(month.month)
      && days.days(first: month.firstWeekday, length: month.length)
        .contains(Int(day - month.firstDay) + 1)
  }
}

/// Times of day, in seconds from midnight.
extension CronExpression {
  private var timesPerDay: Int { hours.count * minutes.count * seconds.count }

  private var earliestTime: Int { firstTime(from: 0) ?? 0 }

  private var latestTime: Int { lastTime(through: Int(secondsPerDay) - 1) ?? 0 }

  private func firstTime(from time: Int) -> Int? {
    var (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60)
    if hours.contains(hour) {
      if minutes.contains(minute), let found = seconds.first(from: second) {
        return hour * 3_600 + minute * 60 + found
      }
      if let found = minutes.first(from: minute + 1) {
        return hour * 3_600 + found * 60 + (seconds.first(from: 0) ?? 0)
      }
    }
    guard let found = hours.first(from: hour + 1) else { return nil }
    (hour, minute, second) = (found, minutes.first(from: 0) ?? 0, seconds.first(from: 0) ?? 0)
    return hour * 3_600 + minute * 60 + second
  }

  private func lastTime(through time: Int) -> Int? {
    var (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60)
    if hours.contains(hour) {
      if minutes.contains(minute), let found = seconds.last(through: second) {
        return hour * 3_600 + minute * 60 + found
      }
      if let found = minutes.last(through: minute - 1) {
        return hour * 3_600 + found * 60 + (seconds.last(through: 59) ?? 0)
      }
    }
    guard let found = hours.last(through: hour - 1) else { return nil }
    (hour, minute, second) = (
      found, minutes.last(through: 59) ?? 0, seconds.last(through: 59) ?? 0
    )
    return hour * 3_600 + minute * 60 + second
  }

  /// How many matching times of day lie before `time`.
  private func timesBefore(_ time: Int) -> Int {
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60)
    var count = hours.count(below: hour) * minutes.count * seconds.count
    guard hours.contains(hour) else { return count }
    count += minutes.count(below: minute) * seconds.count
    if minutes.contains(minute) { count += seconds.count(below: second) }
    return count
  }
}

/// One month of one year, with what the search asks about it.
private struct CivilMonth {
  private var year: Int64
  private(set) var month: Int
  /// Days from 1970-01-01 to the 1st.
  private(set) var firstDay: Int64
  private(set) var length: Int

  init(containing day: Int64) {
    let date = CivilDate(daysSince1970: day)
    self.init(year: date.year, month: date.month, firstDay: day - Int64(date.day) + 1)
  }

  private init(year: Int64, month: Int, firstDay: Int64? = nil) {
    self.year = year
    self.month = month
    self.firstDay = firstDay ?? CivilDate(year: year, month: month, day: 1).daysSince1970
    length = CivilDate.length(ofMonth: month, leap: CivilDate.isLeap(year))
  }

  /// The weekday of the 1st; 0 is Sunday.
  var firstWeekday: Int { CivilDate.weekday(daysSince1970: firstDay) }

  /// To the next month that is one of `months`, which is not empty.
  mutating func moveForward(to months: NumberSet) {
    if let later = months.first(from: month + 1) {
      self = CivilMonth(year: year, month: later)
    } else {
      self = CivilMonth(year: year + 1, month: months.first(from: 1) ?? 1)
    }
  }

  /// To the month before that is one of `months`, which is not empty.
  mutating func moveBack(to months: NumberSet) {
    if let earlier = months.last(through: month - 1) {
      self = CivilMonth(year: year, month: earlier)
    } else {
      self = CivilMonth(year: year - 1, month: months.last(through: 12) ?? 12)
    }
  }
}
