/// Why a text is no schedule, or a schedule cannot be used as asked.
package struct ScheduleError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: String, Sendable, Hashable, CaseIterable {
    /// Nothing but blanks.
    case empty
    /// More than 256 bytes.
    case tooLong
    /// Not 5 or 6 fields.
    case fieldCount
    /// A part of a field that means nothing there.
    case syntax
    /// A number outside its field, or a step wider than it.
    case outOfRange
    /// An `@` word that does not exist, `@reboot` among them.
    case unknownAlias
    /// A `TZ=` prefix, which belongs in the time-zone option.
    case zonePrefix
    /// A duration that is malformed, too short or too long.
    case duration
    /// A time that is malformed.
    case time
    /// No occurrence within 400 years, or before the year 10000.
    case neverFires
    /// `at` names an instant that has passed.
    case inPast
    /// No occurrence between start and end, or the end lies before the start.
    case emptyWindow
    /// `repeats` is below 1.
    case repeats
  }

  package let code: Code
  /// What is wrong and what was expected, for the person who wrote the schedule.
  package let message: String
  /// The UTF-8 offset into the text as given, or `nil` when no single place is to blame.
  package let position: Int?

  init(_ code: Code, _ message: String, at position: Int? = nil) {
    self.code = code
    self.message = message
    self.position = position
  }

  package var description: String {
    position.map { "\(message) (at position \($0 + 1))" } ?? message
  }
}
