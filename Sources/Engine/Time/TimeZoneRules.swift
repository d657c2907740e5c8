/// When the clocks of one place change, and by how much: local time to UTC and back.
///
/// A value made once per zone name and kept by its user: making one costs a millisecond or two,
/// asking it some ten nanoseconds. It answers the same for ever, whatever becomes of the database it
/// was made from. A zone whose rules go on without end is written out for 400 years after its last
/// exception; that is a whole number of weeks, so later years are answered from 400 years earlier.
package struct TimeZoneRules: Sendable {
  /// The IANA name.
  package let name: String

  /// One stretch of constant offset; it ends where the next one starts.
  struct Segment: Sendable, Hashable {
    /// The UTC second at which the stretch starts.
    var start: Int64
    /// Seconds east of Greenwich.
    var offset: Int64
    /// Where local time had got to, at its furthest, before the stretch: no later second was shown.
    var reached: Int64
  }

  /// Ordered by `start`; the first one has no beginning.
  let segments: [Segment]
  /// The UTC second from which the rules repeat every 400 years; `nil` when the clocks change no more.
  let repeatsFrom: Int64?

  /// 400 Gregorian years.
  static let cycle: Int64 = 146_097 * secondsPerDay
  /// Stands for "always" where no instant or offset can reach it.
  static let never: Int64 = 1 << 60

  /// Coordinated Universal Time, which never changes.
  package static let utc = TimeZoneRules(name: "UTC", initialOffset: 0, transitions: [])

  /// A change of the clocks: from `at` on, in UTC seconds, they are `offset` seconds east.
  struct Transition: Sendable, Hashable {
    var at: Int64
    var offset: Int64
  }

  /// The zone with these changes, in order of time.
  ///
  /// With `repeatsFrom` they must reach at least 401 years beyond it.
  init(name: String, initialOffset: Int64, transitions: [Transition], repeatsFrom: Int64? = nil) {
    var segments = [Segment(start: -Self.never, offset: initialOffset, reached: -Self.never)]
    for transition in transitions {
      // Two changes at once, as in summer time all the year: the second one counts.
      if segments[segments.count - 1].start == transition.at { segments.removeLast() }
      let last = segments[segments.count - 1]
      guard transition.offset != last.offset else { continue }
      let reached = max(last.reached, transition.at + last.offset)
      segments.append(
        Segment(start: transition.at, offset: transition.offset, reached: reached)
      )
    }
    self.name = name
    self.segments = segments
    self.repeatsFrom = repeatsFrom
  }
}

extension TimeZoneRules: Hashable {
  package static func == (one: TimeZoneRules, other: TimeZoneRules) -> Bool {
    one.name == other.name && one.repeatsFrom == other.repeatsFrom && one.segments == other.segments
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(name)
  }
}

extension TimeZoneRules: CustomStringConvertible {
  package var description: String { name }
}

extension TimeZoneRules {
  /// Whether the clocks never change.
  var isFixed: Bool { segments.count == 1 }

  /// Seconds east of Greenwich at `instant`.
  package func offset(at instant: Timestamp) -> Duration {
    .seconds(stretch(at: floorDivide(instant.microseconds, by: 1_000_000)).offset)
  }

  /// A segment with its end, moved to the cycle that was asked about.
  struct Stretch {
    /// The first UTC second.
    var start: Int64
    /// The first UTC second after it.
    var end: Int64
    var offset: Int64
    /// Local time up to here, exclusive, was shown before the stretch.
    var reached: Int64
  }

  /// The stretch that contains the UTC second `second`.
  func stretch(at second: Int64) -> Stretch {
    if isFixed { return stretch(0, movedBy: 0) }
    let shift = shift(of: second, from: repeatsFrom)
    let wanted = second - shift
    return stretch(lastSegment { $0.start <= wanted }, movedBy: shift)
  }

  /// The first local second that no instant up to and including the UTC second `second` has shown.
  func firstUnseen(after second: Int64) -> Int64 {
    let stretch = stretch(at: second)
    return max(second + 1 + stretch.offset, stretch.reached)
  }

  /// The first UTC second at which local time has got to `local`.
  ///
  /// A local time that was skipped is reached where the gap ends, one that is shown twice is reached
  /// the first time; so this never runs backwards.
  func firstInstant(reaching local: Int64) -> Int64 {
    if isFixed { return local - segments[0].offset }
    // Two days in, so that the segment looked for lies within the repeated part as well.
    let shift = shift(of: local, from: repeatsFrom.map { $0 + 2 * secondsPerDay })
    let wanted = local - shift
    let segment = segments[lastSegment { $0.reached <= wanted }]
    return max(segment.start, wanted - segment.offset) + shift
  }

  private func shift(of second: Int64, from start: Int64?) -> Int64 {
    guard let start, second >= start + Self.cycle else { return 0 }
    return (second - start) / Self.cycle * Self.cycle
  }

  private func stretch(_ index: Int, movedBy shift: Int64) -> Stretch {
    let segment = segments[index]
    let end = index + 1 < segments.count ? segments[index + 1].start + shift : Self.never
    return Stretch(
      start: segment.start + shift,
      end: end,
      offset: segment.offset,
      reached: segment.reached + shift
    )
  }

  /// The index of the last segment of which `holds`; it holds of all before, and of the first.
  private func lastSegment(where holds: (Segment) -> Bool) -> Int {
    var low = 0
    var high = segments.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if holds(segments[middle]) { low = middle } else { high = middle }
    }
    return low
  }
}
