/// From local time to instants, in whole seconds of UTC since 1970.
///
/// A rule with fixed times of day follows local time as far as it has ever got: a time that the
/// clocks skipped is due where they land, one that they repeat is due the first time only. A
/// rule with a wildcard follows elapsed time: within each stretch of constant offset it means the
/// instants whose local time matches, so that a repeated hour fires in both.
extension CronExpression {
  /// The first occurrence after `second`, or `nil` when there is none within 400 years.
  func next(after second: Int64, in zone: TimeZoneRules) -> Int64? {
    if followsElapsedTime && !zone.isFixed { return nextByElapsedTime(after: second, in: zone) }
    let first = zone.firstUnseen(after: second)
    return firstLocal(from: first, through: first + Self.horizon)
      .map(zone.firstInstant(reaching:))
  }

  /// The last occurrence up to and including `second`, or `nil` when there is none within 400 years.
  func previous(through second: Int64, in zone: TimeZoneRules) -> Int64? {
    if followsElapsedTime && !zone.isFixed {
      return previousByElapsedTime(through: second, in: zone)
    }
    let last = zone.firstUnseen(after: second) - 1
    return lastLocal(through: last, from: last - Self.horizon).map(zone.firstInstant(reaching:))
  }

  /// How many occurrences lie after `first` and up to `last`.
  ///
  /// Costs tens of nanoseconds for each month and each change of the clocks between.
  func count(after first: Int64, through last: Int64, in zone: TimeZoneRules) -> Int64 {
    guard first < last else { return 0 }
    if followsElapsedTime { return countByElapsedTime(after: first, through: last, in: zone) }
    let locals = countLocal(
      from: zone.firstUnseen(after: first),
      upTo: zone.firstUnseen(after: last)
    )
    return locals - mergedInGaps(after: first, through: last, in: zone)
  }

  /// How many fixed times come together with another at the end of a gap.
  private func mergedInGaps(
    after first: Int64,
    through last: Int64,
    in zone: TimeZoneRules
  ) -> Int64 {
    var merged: Int64 = 0
    var stretch = zone.stretch(at: first)
    while stretch.end <= last {
      stretch = zone.stretch(at: stretch.end)
      let landing = stretch.start + stretch.offset
      guard landing > stretch.reached else { continue }
      merged += max(0, countLocal(from: stretch.reached, upTo: landing + 1) - 1)
    }
    return merged
  }

  private func nextByElapsedTime(after second: Int64, in zone: TimeZoneRules) -> Int64? {
    let limit = second + Self.horizon
    var start = second + 1
    while start <= limit {
      let stretch = zone.stretch(at: start)
      let local = start + stretch.offset
      // One whole cycle of the calendar: what it does not have, no other stretch has.
      guard let found = firstLocal(from: local, through: local + Self.horizon) else { return nil }
      if found - stretch.offset < stretch.end { return found - stretch.offset }
      // Where the clocks cannot fall back behind `local` any more, nothing matches before `found`.
      let skipped = stretch.end - start > Self.widestChange ? found - Self.widestChange : start
      start = max(stretch.end, skipped)
    }
    return nil
  }

  private func previousByElapsedTime(through second: Int64, in zone: TimeZoneRules) -> Int64? {
    let limit = second - Self.horizon
    var end = second
    while end >= limit {
      let stretch = zone.stretch(at: end)
      let local = end + stretch.offset
      guard let found = lastLocal(through: local, from: local - Self.horizon) else { return nil }
      if found - stretch.offset >= stretch.start { return found - stretch.offset }
      let skipped = end - stretch.start > Self.widestChange ? found + Self.widestChange : end
      end = min(stretch.start - 1, skipped)
    }
    return nil
  }

  private func countByElapsedTime(
    after first: Int64,
    through last: Int64,
    in zone: TimeZoneRules
  ) -> Int64 {
    var count: Int64 = 0
    var start = first + 1
    while start <= last {
      let stretch = zone.stretch(at: start)
      let end = min(stretch.end, last + 1)
      count += countLocal(from: start + stretch.offset, upTo: end + stretch.offset)
      start = end
    }
    return count
  }

  /// More than the clocks can change by at once, or differ from UTC, in seconds.
  private static var widestChange: Int64 { 3 * secondsPerDay }
}
