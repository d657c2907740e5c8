/// A rule for when work is due, read from the text that a person wrote.
///
/// Pure: it knows no "now", and answers the same for ever.
package struct Schedule: Sendable, Hashable {
  package enum Rule: Sendable, Hashable {
    /// Readings of the wall clock in the schedule's zone.
    case cron(CronExpression)
    /// Whole multiples of a duration, counted from an anchor.
    case every(Duration)
    /// A duration after the end of the task before.
    case after(Duration)
    /// Once.
    case at(Timestamp)
  }

  package let rule: Rule
  /// The zone that local times are meant in.
  package let zone: TimeZoneRules
  /// The text as it was entered, without the blanks around it. Reading it again gives this schedule.
  package let text: String

  /// The most bytes a schedule's text may have, blanks included.
  package static let longestText = 256
}

extension Schedule: CustomStringConvertible {
  package var description: String { text }
}
