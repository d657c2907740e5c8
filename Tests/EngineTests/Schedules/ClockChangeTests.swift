import Testing

@testable import Engine

/// What happens where clocks jump, place by place.
struct ClockChangeTests {
  /// A schedule in a zone, and its first occurrences after an instant.
  struct Example: Sendable, CustomTestStringConvertible {
    let text: String
    let zone: String
    let after: String
    let fires: [String]

    init(_ text: String, _ zone: String, after: String, _ fires: String...) {
      (self.text, self.zone, self.after, self.fires) = (text, zone, after, fires)
    }

    var testDescription: String { "\(text) in \(zone) after \(after)" }
  }

  @Test(arguments: [
    // New York, 2025-03-09: 02:00 to 03:00 is missing.
    Example(
      "30 2 * * *",
      "America/New_York",
      after: "2025-03-08T00:00:00Z",
      "2025-03-08T07:30:00Z",
      "2025-03-09T07:00:00Z",
      "2025-03-10T06:30:00Z"
    ),
    // Four times of day inside the gap come as one, and 03:00 with them.
    Example(
      "0,15,30,45 2-3 * * *",
      "America/New_York",
      after: "2025-03-09T06:59:59Z",
      "2025-03-09T07:00:00Z",
      "2025-03-09T07:15:00Z"
    ),
    // Whatever the seconds.
    Example(
      "*/10 59 2 * * *",
      "America/New_York",
      after: "2025-03-09T00:00:00Z",
      "2025-03-09T07:00:00Z",
      "2025-03-10T06:59:00Z",
      "2025-03-10T06:59:10Z"
    ),
    // Lord Howe, 2025-10-05: 02:00 to 02:30.
    Example(
      "15 2 * * *",
      "Australia/Lord_Howe",
      after: "2025-10-04T12:00:00Z",
      "2025-10-04T15:30:00Z",
      "2025-10-05T15:15:00Z"
    ),
    // Midnight itself is missing: São Paulo 2018-11-04, Cairo 2023-04-28, Beirut 2024-03-31.
    Example(
      "@daily",
      "America/Sao_Paulo",
      after: "2018-11-03T12:00:00Z",
      "2018-11-04T03:00:00Z",
      "2018-11-05T02:00:00Z"
    ),
    Example(
      "30 0 28 4 *",
      "Africa/Cairo",
      after: "2023-04-01T00:00:00Z",
      "2023-04-27T22:00:00Z",
      "2024-04-27T21:30:00Z"
    ),
    Example("0 0 31 3 *", "Asia/Beirut", after: "2024-03-01T00:00:00Z", "2024-03-30T22:00:00Z"),
    // Apia went from the 29th to the 31st: a whole day inside a gap.
    Example(
      "0 9 * * *",
      "Pacific/Apia",
      after: "2011-12-29T00:00:00Z",
      "2011-12-29T19:00:00Z",
      "2011-12-30T10:00:00Z",
      "2011-12-30T19:00:00Z"
    ),
    Example("0 9 30 12 *", "Pacific/Apia", after: "2011-12-01T00:00:00Z", "2011-12-30T10:00:00Z"),
    Example(
      "0 12 * * FRI#5",
      "Pacific/Apia",
      after: "2011-12-01T00:00:00Z",
      "2011-12-30T10:00:00Z"
    ),
  ])
  func `a fixed time that is skipped comes once, when the gap ends`(example: Example) throws {
    try check(example)
  }

  @Test(arguments: [
    // New York, 2025-11-02: 01:00 to 02:00 comes twice.
    Example(
      "30 1 * * *",
      "America/New_York",
      after: "2025-11-02T00:00:00Z",
      "2025-11-02T05:30:00Z",
      "2025-11-03T06:30:00Z"
    ),
    Example(
      "*/30 30 1 * * *",
      "America/New_York",
      after: "2025-11-02T05:30:00Z",
      "2025-11-02T05:30:30Z",
      "2025-11-03T06:30:00Z"
    ),
    // Asked between the two passings, and exactly on the second.
    Example(
      "30 1 * * *",
      "America/New_York",
      after: "2025-11-02T06:15:00Z",
      "2025-11-03T06:30:00Z"
    ),
    Example("0 1 * * *", "America/New_York", after: "2025-11-02T05:59:59Z", "2025-11-03T06:00:00Z"),
    // Lord Howe, 2025-04-06: 01:30 to 02:00.
    Example(
      "45 1 * * *",
      "Australia/Lord_Howe",
      after: "2025-04-05T00:00:00Z",
      "2025-04-05T14:45:00Z",
      "2025-04-06T15:15:00Z"
    ),
    // São Paulo, 2018-02-18: the last hour of Saturday comes twice.
    Example(
      "59 23 * * *",
      "America/Sao_Paulo",
      after: "2018-02-17T12:00:00Z",
      "2018-02-18T01:59:00Z",
      "2018-02-19T02:59:00Z"
    ),
    // St John's, 2006-10-29, 00:01: a minute of Sunday, then Saturday's last hour again.
    Example(
      "@midnight",
      "America/St_Johns",
      after: "2006-10-28T12:00:00Z",
      "2006-10-29T02:30:00Z",
      "2006-10-30T03:30:00Z"
    ),
  ])
  func `a fixed time that is repeated comes once, the first time`(example: Example) throws {
    try check(example)
  }

  @Test(arguments: [
    Example(
      "30 * * * *",
      "America/New_York",
      after: "2025-03-09T06:00:00Z",
      "2025-03-09T06:30:00Z",
      "2025-03-09T07:30:00Z",
      "2025-03-09T08:30:00Z"
    ),
    Example(
      "30 * * * *",
      "America/New_York",
      after: "2025-11-02T05:00:00Z",
      "2025-11-02T05:30:00Z",
      "2025-11-02T06:30:00Z",
      "2025-11-02T07:30:00Z"
    ),
    // A wildcard minute in a skipped hour does not come, in a repeated one it comes twice over.
    Example(
      "*/30 2 * * *",
      "America/New_York",
      after: "2025-03-09T00:00:00Z",
      "2025-03-10T06:00:00Z",
      "2025-03-10T06:30:00Z"
    ),
    Example(
      "*/30 1 * * *",
      "America/New_York",
      after: "2025-11-02T00:00:00Z",
      "2025-11-02T05:00:00Z",
      "2025-11-02T05:30:00Z",
      "2025-11-02T06:00:00Z",
      "2025-11-02T06:30:00Z",
      "2025-11-03T06:00:00Z"
    ),
    // A wildcard hour leaves out the skipped 02:00: three hours after 23:00 comes 03:00, not four.
    Example(
      "0 */2 * * *",
      "America/New_York",
      after: "2025-03-09T05:00:00Z",
      "2025-03-09T08:00:00Z",
      "2025-03-09T10:00:00Z"
    ),
    Example(
      "0 1/6 * * *",
      "America/New_York",
      after: "2025-11-02T04:00:00Z",
      "2025-11-02T05:00:00Z",
      "2025-11-02T06:00:00Z",
      "2025-11-02T12:00:00Z"
    ),
    // Every value listed is a wildcard too.
    Example(
      "0 0-23 * * *",
      "America/New_York",
      after: "2025-11-02T05:00:00Z",
      "2025-11-02T06:00:00Z",
      "2025-11-02T07:00:00Z"
    ),
    Example(
      "0,30 0-22 * * *",
      "America/New_York",
      after: "2025-11-02T05:30:00Z",
      "2025-11-02T07:00:00Z"
    ),
    // Lord Howe repeats half an hour and skips half an hour.
    Example(
      "*/15 * * * *",
      "Australia/Lord_Howe",
      after: "2025-04-05T14:40:00Z",
      "2025-04-05T14:45:00Z",
      "2025-04-05T15:00:00Z",
      "2025-04-05T15:15:00Z"
    ),
    Example(
      "45 * * * *",
      "Australia/Lord_Howe",
      after: "2025-04-05T14:00:00Z",
      "2025-04-05T14:45:00Z",
      "2025-04-05T15:15:00Z",
      "2025-04-05T16:15:00Z"
    ),
    Example(
      "0 * * * *",
      "Australia/Lord_Howe",
      after: "2025-10-04T15:00:00Z",
      "2025-10-04T16:00:00Z"
    ),
    // A skipped day has no hours to come.
    Example(
      "0 */12 30 12 *",
      "Pacific/Apia",
      after: "2011-12-01T00:00:00Z",
      "2012-12-29T10:00:00Z",
      "2012-12-29T22:00:00Z"
    ),
    Example(
      "@hourly",
      "America/St_Johns",
      after: "2006-10-29T01:30:00Z",
      "2006-10-29T02:30:00Z",
      "2006-10-29T03:30:00Z",
      "2006-10-29T04:30:00Z"
    ),
  ])
  func `wildcards follow elapsed time`(example: Example) throws {
    try check(example)
  }

  @Test(arguments: [
    // 2100 is no leap year, 2000 and 2400 are.
    Example(
      "0 0 29 2 *",
      "UTC",
      after: "2096-02-29T00:00:00Z",
      "2104-02-29T00:00:00Z",
      "2108-02-29T00:00:00Z"
    ),
    Example("0 0 29 2 *", "Europe/Berlin", after: "2096-03-01T00:00:00Z", "2104-02-28T23:00:00Z"),
    Example("0 0 29 2 ?", "UTC", after: "1999-01-01T00:00:00Z", "2000-02-29T00:00:00Z"),
    Example("0 0 29 2 ?", "UTC", after: "2396-03-01T00:00:00Z", "2400-02-29T00:00:00Z"),
    // Day of month or fifth Monday: February has one of those in leap years only.
    Example(
      "0 0 29 2 1#5",
      "UTC",
      after: "2024-03-01T00:00:00Z",
      "2028-02-29T00:00:00Z",
      "2032-02-29T00:00:00Z"
    ),
    Example(
      "0 0 * 2 1#5",
      "UTC",
      after: "2025-01-01T00:00:00Z",
      "2044-02-29T00:00:00Z",
      "2072-02-29T00:00:00Z",
      "2112-02-29T00:00:00Z"
    ),
    // 32 bits of seconds run out, and so do the explicit tables of many zones.
    Example(
      "14 3 19 1 *",
      "UTC",
      after: "2038-01-01T00:00:00Z",
      "2038-01-19T03:14:00Z",
      "2039-01-19T03:14:00Z"
    ),
    Example(
      "30 2 * 3 SUN#2",
      "America/New_York",
      after: "2038-01-01T00:00:00Z",
      "2038-03-14T07:00:00Z",
      "2039-03-13T07:00:00Z"
    ),
    Example("59 59 23 31 12 *", "UTC", after: "9999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    Example("@yearly", "UTC", after: "9999-01-01T00:00:00Z"),
    Example("@yearly", "Pacific/Kiritimati", after: "9999-06-01T00:00:00Z", "9999-12-31T10:00:00Z"),
    Example("0 0 1 1 *", "UTC", after: "1970-01-01T00:00:00Z", "1971-01-01T00:00:00Z"),
  ])
  func `far and rare days are found`(example: Example) throws {
    try check(example, andNoMore: example.text == "@yearly" || example.after.hasPrefix("9999"))
  }

  /// The occurrences, and that looking back and counting agree with them.
  private func check(_ example: Example, andNoMore: Bool = false) throws {
    let count = example.fires.count
    let found = try fires(
      of: example.text,
      in: example.zone,
      after: example.after,
      count + (andNoMore ? 1 : 0)
    )
    #expect(found == example.fires)
    let schedule = try Schedule(parsing: example.text, zone: machineZone(example.zone))
    let recurrence = Recurrence(schedule, anchor: .epoch)
    let start = try instant(example.after)
    guard let last = try example.fires.last.map(instant) else { return }
    #expect(recurrence.count(after: start, through: last) == count)
    #expect(try recurrence.newest(count, after: start, through: last) == found.map(instant))
  }

  @Test func `a local time for at is the first instant that the clocks get to it`() throws {
    let zone = try machineZone("America/New_York")
    let cases = [
      ("at 2025-07-04T09:00:00", "2025-07-04T13:00:00Z"),
      ("at 2025-03-09T02:30:00.25", "2025-03-09T07:00:00Z"),
      ("at 2025-11-02 01:30:00.25", "2025-11-02T05:30:00.25Z"),
      ("AT 2025-07-04T09:00:00+02:00", "2025-07-04T07:00:00Z"),
    ]
    for (text, expected) in cases {
      let schedule = try Schedule(parsing: text, zone: zone)
      #expect(try schedule.rule == .at(instant(expected)))
    }
  }
}
