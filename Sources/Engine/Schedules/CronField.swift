/// One of the six positions of a cron expression.
enum CronField: Sendable, Hashable {
  case second
  case minute
  case hour
  case monthDay
  case month
  case weekday

  static let six: [CronField] = [.second, .minute, .hour, .monthDay, .month, .weekday]

  var name: String {
    switch self {
    case .second: "second"
    case .minute: "minute"
    case .hour: "hour"
    case .monthDay: "day of month"
    case .month: "month"
    case .weekday: "day of week"
    }
  }

  /// The values it can match; 7 for Sunday is read as 0.
  var values: ClosedRange<Int> {
    switch self {
    case .second, .minute: 0...59
    case .hour: 0...23
    case .monthDay: 1...31
    case .month: 1...12
    case .weekday: 0...6
    }
  }

  /// The highest number that may be written.
  var highestWritten: Int { self == .weekday ? 7 : values.upperBound }

  /// What may be written, for messages.
  var expectation: String {
    let range = "\(values.lowerBound)-\(highestWritten)"
    return switch self {
    case .second, .minute, .hour: "\(range), *, lists, ranges and steps"
    case .monthDay: "\(range), L, L-n, LW, nW, *, ?, lists, ranges and steps"
    case .month: "\(range), JAN-DEC, *, lists, ranges and steps"
    case .weekday: "\(range), SUN-SAT, FRI#2, FRIL, *, ?, lists, ranges and steps"
    }
  }

  /// Three-letter names in the order of their values.
  var names: [String] {
    switch self {
    case .month: Self.monthNames
    case .weekday: Self.weekdayNames
    case .second, .minute, .hour, .monthDay: []
    }
  }

  private static let monthNames = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]
  private static let weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

  /// Whether a range may run over the field's end, as in `FRI-MON`.
  var wraps: Bool { self == .month || self == .weekday }

  var isDay: Bool { self == .monthDay || self == .weekday }
}

/// A set of the numbers 0 … 63.
struct NumberSet: Sendable, Hashable {
  var bits: UInt64 = 0

  init() {}

  init(_ numbers: some Sequence<Int>) {
    for number in numbers { insert(number) }
  }

  var count: Int { bits.nonzeroBitCount }
  var isEmpty: Bool { bits == 0 }

  mutating func insert(_ number: Int) {
    bits |= 1 << UInt64(number)
  }

  func contains(_ number: Int) -> Bool {
    bits >> UInt64(number) & 1 == 1
  }

  /// The smallest member that is at least `number`.
  func first(from number: Int) -> Int? {
    let rest = bits & (~0 << UInt64(number))
    return rest == 0 ? nil : rest.trailingZeroBitCount
  }

  /// The largest member that is at most `number`; -1 is allowed and has none.
  func last(through number: Int) -> Int? {
    let rest = bits & ~(~0 << UInt64(number + 1))
    return rest == 0 ? nil : 63 - rest.leadingZeroBitCount
  }

  /// How many members are below `number`.
  func count(below number: Int) -> Int {
    (bits & ~(~0 << UInt64(number))).nonzeroBitCount
  }
}
