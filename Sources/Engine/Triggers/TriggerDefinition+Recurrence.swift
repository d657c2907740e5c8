extension TriggerDefinition {
  /// The definition's occurrences, as a trigger that exists already has them; `zone` finds the rules of
  /// a time zone by its name.
  package func recurrence(
    anchor: Timestamp,
    zone: (String) throws(TimeZoneError) -> TimeZoneRules
  ) throws -> Recurrence {
    Recurrence(try parsedSchedule(zone), start: start, end: end, repeats: repeats, anchor: anchor)
  }

  /// The definition's occurrences from `now` on; refused when there are none.
  package func newRecurrence(
    at now: Timestamp,
    zone: (String) throws(TimeZoneError) -> TimeZoneRules
  ) throws -> Recurrence {
    try Recurrence(
      parsedSchedule(zone),
      start: start,
      end: end,
      repeats: repeats,
      createdAt: now
    )
  }

  private func parsedSchedule(
    _ zone: (String) throws(TimeZoneError) -> TimeZoneRules
  ) throws -> Schedule {
    try Schedule(parsing: schedule, zone: zone(timeZone))
  }
}
