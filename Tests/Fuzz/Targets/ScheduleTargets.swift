import Engine

extension FuzzTarget {
  /// Schedules, and the time zones they are meant in.
  static let schedules = [
    FuzzTarget("schedule", longest: 300) { input in
      try checkSchedule(input.text, in: .utc)
      try checkSchedule(input.text, in: berlin)
    },
    FuzzTarget("at", longest: 80) { input in
      try checkSchedule("at " + input.text, in: berlin)
    },
    FuzzTarget("zone-rule", longest: 64) { input in
      guard let zone = try? TimeZoneRules(name: "Fuzz/Rule", file: ZoneFile.bytes(rule: input))
      else { return }
      for text in ["30 2 * * *", "*/20 * * * *", "0 0 1 1 *"] { try checkSchedule(text, in: zone) }
    },
    FuzzTarget("zone-file", longest: 2_048) { input in
      guard let zone = try? TimeZoneRules(name: "Fuzz/File", file: input) else { return }
      for text in ["30 2 * * *", "*/20 * * * *", "0 0 1 1 *"] { try checkSchedule(text, in: zone) }
    },
  ]

  private static let berlin =
    (try? TimeZoneRules(
      name: "Europe/Berlin",
      file: ZoneFile.bytes(rule: Array("CET-1CEST,M3.5.0,M10.5.0/3".utf8))
    )) ?? .utc

  /// 1970, a leap day, a spring gap and an autumn overlap in Berlin, and the last year that there is.
  private static let instants = [0, 951_782_399, 1_774_745_999, 1_792_890_000, 253_402_214_400]
    .map { Timestamp(seconds: $0) }

  private static func checkSchedule(_ text: String, in zone: TimeZoneRules) throws {
    guard let schedule = try? Schedule(parsing: text, zone: zone) else { return }
    let again = try? Schedule(parsing: schedule.text, zone: zone)
    try demand(again == schedule, "\(schedule.text) reads as \(again as Any)")
    let recurrence = Recurrence(schedule, anchor: .epoch)
    for instant in instants { try checkFire(of: recurrence, after: instant) }
  }

  /// The next fire comes later, is found from both sides, and is the only one up to itself.
  private static func checkFire(of recurrence: Recurrence, after instant: Timestamp) throws {
    guard let next = recurrence.next(after: instant) else { return }
    let text = recurrence.schedule.text
    try demand(next > instant, "\(text) fires at \(next), not after \(instant)")
    try demand(
      recurrence.next(after: next.predecessor) == next,
      "\(text) fires at \(next) after \(instant), but not after the instant before"
    )
    try demand(
      recurrence.previous(atOrBefore: next) == next,
      "\(text) fires at \(next), but looking back finds another"
    )
    let count = recurrence.count(after: instant, through: next)
    try demand(count == 1, "\(text) fires \(count) times after \(instant) up to \(next)")
  }
}

/// Compiled time zone files (RFC 9636).
enum ZoneFile {
  /// One with no changes but those of its footer.
  static func bytes(rule: [UInt8]) -> [UInt8] {
    header + oneType + header + oneType + [0x0A] + rule + [0x0A]
  }

  /// Version 2; one offset and one byte of abbreviations.
  private static let header =
    Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15 + 3 * 4)
    + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]

  /// An hour east of Greenwich, without a name.
  private static let oneType: [UInt8] = [0, 0, 0x0E, 0x10, 0, 0, 0]
}
