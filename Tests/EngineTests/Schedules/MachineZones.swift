import Foundation

@testable import Engine

/// The zone `name` from the compiled file in this machine's tz database.
func machineZone(_ name: String) throws -> TimeZoneRules {
  if name == "UTC" { return .utc }
  let file = try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/\(name)"))
  return try TimeZoneRules(name: name, file: file)
}

/// The instant that an RFC 3339 text names.
func instant(_ text: String) throws -> Timestamp {
  try Timestamp(parsing: text)
}

/// The occurrences of `text` in `zone` after an instant, in UTC and without fractions.
func fires(
  of text: String,
  in zone: String = "UTC",
  after start: String,
  _ count: Int
) throws -> [String] {
  let schedule = try Schedule(parsing: text, zone: machineZone(zone))
  let recurrence = Recurrence(schedule, anchor: try instant(start))
  return recurrence.preview(count: count, after: try instant(start))
    .map { $0.description.replacing(".000000Z", with: "Z") }
}

/// Numbers that look random and come again with the same seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// True once in `times`, on average.
  mutating func chance(_ times: Int) -> Bool {
    Int.random(in: 0..<times, using: &self) == 0
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &self)]
  }
}
