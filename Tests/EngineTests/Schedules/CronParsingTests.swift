import Testing

@testable import Engine

struct CronParsingTests {
  @Test(arguments: [
    ("1 2 3 4 *", "1 2 3 APR ?"), ("* * * * *", "*/1 */1 ? */1 ?"),
    ("0 0 * * 0", "0 0 * * 7"), ("0 0 * * 5,6,0,1", "0 0 * * FRI-MON"),
    ("0 0 1 11,12,1,2 *", "0 0 1 nov-FEB *"), ("0 0 1 11,1 *", "0 0 1 NOV-FEB/2 *"),
    ("0 0 * * 1,3,5", "0 0 * * 1/2"), ("0 0 * * 0,2,4,6", "0 0 * * 7/2"),
    ("0 0 * * 0,2,4,6", "0 0 * * sun/2"), ("0 0 * * 5,6,0", "0 0 * * 5-7"),
    ("0 0 * * 0-6", "0 0 * * 0-7"), ("0 0 * * 0,1,2", "0 0 * * 7-2"), ("0 0 * * 0", "0 0 * * 7-7"),
    ("0 0 * * 6,0", "0 0 * * SAT-SUN"), ("0 0 * * 5,0", "0 0 * * FRI-MON/2"),
    ("5,25,45 0 * * *", "5-59/20 0 * * *"), ("0 5,12,19 * * *", "0 5-23/7 * * *"),
    ("0 0 1 1 *", "@yearly"), ("0 0 1 1 *", "@Annually"), ("0 0 1 * *", "@monthly"),
    ("0 0 * * 0", "@weekly"), ("0 0 * * *", "@DAILY"), ("0 0 * * *", "@midnight"),
    ("0 * * * *", "@hourly"), ("0 5 0 * * *", "5 0 * * *"), ("0 0 L * *", "0 0 l * *"),
    ("1 2 3 4 5", " \t1\t2   3 4 5 \n"), ("0 0 * * FRI#2", "0 0 * * 5#2"),
    ("0 0 * * 0L", "0 0 * * sunl"),
    ("0 0 * * 0#1", "0 0 * * 7#1"), ("*/60 0 * * *", "*/60 0 * * *"),
    ("01 002 03 * *", "1 2 3 * *"),
  ])
  func `two spellings of one rule are one rule`(text: String, other: String) throws {
    #expect(try Schedule(parsing: text).rule == Schedule(parsing: other).rule)
  }

  @Test(arguments: [
    ("* 1 * * *", true), ("1 * * * *", true), ("*/5 1 * * *", true), ("5/5 1 * * *", true),
    ("1 */2 * * *", true), ("1 0-23 * * *", true), ("0-59 1 * * *", true), ("1,* 1 * * *", true),
    ("1 0-11,12-23 * * *", true), ("1 1 * * *", false), ("0-30/5 1 * * *", false),
    ("1 0-22 * * *", false), ("* 1 1 * * *", false), ("0,30 1,2 L * FRI", false), ("@daily", false),
    ("@hourly", true),
  ])
  func `a wildcard hour or minute is known by its items`(text: String, isWild: Bool) throws {
    guard case .cron(let cron) = try Schedule(parsing: text).rule else {
      Issue.record("\(text) is no cron expression")
      return
    }
    #expect(cron.followsElapsedTime == isWild)
  }

  /// A text, the code of its refusal, where, and a word that the message needs.
  @Test(
    arguments: [
      ("", .empty, nil, "expected"), (" \n ", .empty, nil, "expected"),
      (String(repeating: " ", count: 256) + "*", .tooLong, nil, "256"),
      ("* * * *", .fieldCount, 0, "5 fields"), ("1 2 3 4 5 6 7", .fieldCount, 0, "7"),
      ("60 * * * *", .outOfRange, 0, "0 to 59"), ("0 24 * * *", .outOfRange, 2, "0 to 23"),
      ("0 0 0 * *", .outOfRange, 4, "1 to 31"), ("0 0 32 * *", .outOfRange, 4, "1 to 31"),
      ("0 0 * 13 *", .outOfRange, 6, "1 to 12"), ("0 0 * 0 *", .outOfRange, 6, "month"),
      ("0 0 * * 8", .outOfRange, 8, "0 to 7"),
      ("99999999999999999999 * * * *", .outOfRange, 0, "59"),
      ("*/0 * * * *", .outOfRange, 2, "1 to 60"), ("*/61 * * * *", .outOfRange, 2, "1 to 60"),
      ("0 */25 * * *", .outOfRange, 4, "24"), ("0 0 * * */8", .outOfRange, 10, "7"),
      ("*/ * * * *", .syntax, 2, "step"), ("*/x * * * *", .syntax, 2, "step"),
      ("1/2/3 * * * *", .syntax, 2, "step"), ("*/-1 * * * *", .syntax, 2, "step"),
      ("1,,2 * * * *", .syntax, 2, "empty"), (",1 * * * *", .syntax, 0, "empty"),
      ("1, * * * *", .syntax, 2, "empty"), ("30-10 * * * *", .syntax, 0, "backwards"),
      ("0 22-2 * * *", .syntax, 2, "backwards"), ("0 0 28-3 * *", .syntax, 4, "backwards"),
      ("1-2-3 * * * *", .syntax, 0, "range"), ("-5 * * * *", .syntax, 0, "missing"),
      ("5- * * * *", .syntax, 2, "missing"), ("? * * * *", .syntax, 0, "day fields"),
      ("0 ? * * *", .syntax, 2, "day fields"), ("0 0 1 ? *", .syntax, 6, "day fields"),
      ("0 0 ?/2 * *", .syntax, 4, "step"), ("0 0 * * L", .syntax, 8, "FRIL"),
      ("0 0 * * W", .syntax, 8, "day of week"), ("L * * * *", .syntax, 0, "minute"),
      ("0 0 5L * *", .syntax, 4, "day of month"), ("0 0 L-31 * *", .outOfRange, 6, "1 to 30"),
      ("0 0 L-0 * *", .outOfRange, 6, "1 to 30"), ("0 0 L- * *", .syntax, 6, "number"),
      ("0 0 0W * *", .outOfRange, 4, "1 to 31"), ("0 0 W * *", .syntax, 4, "number"),
      ("0 0 1-5W * *", .syntax, 4, "number"), ("0 0 * * FRI#6", .outOfRange, 12, "1 to 5"),
      ("0 0 * * FRI#0", .outOfRange, 12, "1 to 5"), ("0 0 * * #1", .syntax, 8, "missing"),
      ("0 0 * * FRI#", .syntax, 12, "number"), ("0 0 * * MONDAY", .syntax, 8, "MON"),
      ("0 0 * JANUARY *", .syntax, 6, "JAN"), ("0 MON * * *", .syntax, 2, "hour"),
      ("0 0 * * ſUN", .syntax, 8, "SUN"), ("٣ * * * *", .syntax, 0, "minute"),
      ("* * * *\n*", .syntax, 7, "one line"), ("* * *\u{0} * *", .syntax, 5, "control"),
      ("TZ=UTC", .zonePrefix, 0, "--time-zone"),
      ("TZ=UTC 0 0 * * *", .zonePrefix, 0, "--time-zone"),
      ("cron_tz=Europe/Berlin 0 0 * * *", .zonePrefix, 0, "--time-zone"),
      ("TZ=", .zonePrefix, 0, "zone"),
      ("@reboot", .unknownAlias, 0, "starts"), ("@fortnightly", .unknownAlias, 0, "@weekly"),
      ("@", .unknownAlias, 0, "@weekly"), ("@daily 5", .syntax, 7, "follow"),
      ("@every", .duration, 0, "missing"), ("@every x", .duration, 7, "number"),
      ("@every 1m 30s", .duration, 10, "one word"), ("@every 1s1m", .duration, 10, "falling"),
      ("@every 999ms", .duration, 7, "1s"), ("@every 0", .duration, 7, "1s"),
      ("@every -5s", .duration, 7, "number"), ("@every 11000d", .duration, 7, "longer"),
      ("after", .duration, 0, "missing"), ("after 1ms", .duration, 6, "1s"),
      ("at", .time, 0, "missing"), ("at noon", .time, 3, "yyyy"),
      ("at 2026-02-30T00:00:00Z", .time, 11, "28"),
      ("at 2026-02-01T00:00:00Z now", .time, 23, "follow"),
      ("at 1969-01-01T00:00:00Z", .time, 3, "1970"),
      ("at 2026-02-01T00:00:00Z now then", .time, 28, "follow"),
      ("0 0 30 2 *", .neverFires, 0, "400 years"), ("0 0 31 2,4,6,9,11 ?", .neverFires, 0, "400"),
      ("0 0 30W 2 *", .neverFires, 0, "400"), ("0 0 L-29 2 *", .neverFires, 0, "400"),
      ("0 0 0 31 FEB ?", .neverFires, 0, "400"),
    ] as [(String, ScheduleError.Code, Int?, String)]
  )
  func `a malformed schedule is refused in words a person can use`(
    text: String,
    code: ScheduleError.Code,
    position: Int?,
    word: String
  ) {
    let error = #expect(throws: ScheduleError.self) { try Schedule(parsing: text) }
    #expect(error?.code == code)
    #expect(error?.position == position)
    #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
  }

  @Test func `days that no year has are refused at once`() {
    let clock = ContinuousClock()
    let spent = (0..<10).map { _ in
      clock.measure { _ = try? Schedule(parsing: "59 59 23 30,31 2 *") }
    }
    // The fastest, because others use the machine too.
    #expect(spent.min() ?? .zero < .milliseconds(10))
  }

  @Test func `the text stays as it was entered, without the blanks around it`() throws {
    let texts = [
      "  0  9 * * mon-FRI ", "@EVERY 90s", "after 1m30s", "At 2026-12-24T18:00:00+01:00\n",
    ]
    let kept = ["0  9 * * mon-FRI", "@EVERY 90s", "after 1m30s", "At 2026-12-24T18:00:00+01:00"]
    for (text, kept) in zip(texts, kept) {
      let schedule = try Schedule(parsing: text)
      #expect(schedule.description == kept)
      #expect(try Schedule(parsing: schedule.description) == schedule)
    }
  }

  @Test func `the shortest interval is a setting, down to a tenth of a second`() throws {
    let short = try Schedule(parsing: "@every 100ms", minimumInterval: .zero)
    #expect(short.rule == .every(.milliseconds(100)))
    #expect(throws: ScheduleError.self) {
      try Schedule(parsing: "@every 99ms", minimumInterval: .zero)
    }
    #expect(try Schedule(parsing: "@every 1s").rule == .every(.seconds(1)))
  }

  @Test(arguments: [
    // 2025 began on a Wednesday.
    ("0 0 L * *", "2025-02-01", ["2025-02-28", "2025-03-31"]),
    ("0 0 L-2 * *", "2024-02-01", ["2024-02-27", "2024-03-29"]),
    ("0 0 L-30 * *", "2025-02-01", ["2025-03-01", "2025-05-01"]),
    ("0 0 LW * *", "2025-05-01", ["2025-05-30", "2025-06-30", "2025-07-31", "2025-08-29"]),
    ("0 0 15W * *", "2025-02-01", ["2025-02-14", "2025-03-14", "2025-04-15"]),
    ("0 0 1W * *", "2025-02-01", ["2025-02-03", "2025-03-03", "2025-04-01"]),
    ("0 0 1W 6 *", "2025-02-01", ["2025-06-02"]),
    ("0 0 31W * *", "2025-02-01", ["2025-03-31", "2025-05-30", "2025-07-31", "2025-08-29"]),
    ("0 0 30W * *", "2025-11-01", ["2025-11-28", "2025-12-30"]),
    ("0 0 * * 5L", "2025-01-01", ["2025-01-31", "2025-02-28", "2025-03-28"]),
    ("0 0 * * FRI#2", "2025-01-01", ["2025-01-10", "2025-02-14"]),
    ("0 0 * * SAT#5", "2025-01-01", ["2025-03-29", "2025-05-31"]),
    ("0 0 1,L * *", "2025-01-31", ["2025-02-01", "2025-02-28", "2025-03-01"]),
    ("0 0 * * MON,FRIL", "2025-01-27", ["2025-01-31", "2025-02-03"]),
    // Both restricted: either is enough, as cron has always done.
    ("0 0 13 * FRI", "2025-06-01", ["2025-06-06", "2025-06-13", "2025-06-20"]),
    ("0 0 13 * ?", "2025-06-01", ["2025-06-13", "2025-07-13"]),
    ("0 0 13 * */1", "2025-06-01", ["2025-06-13", "2025-07-13"]),
    ("0 0 */1 * FRI", "2025-06-01", ["2025-06-06", "2025-06-13"]),
    ("0 0 */2 * FRI", "2025-06-03", ["2025-06-05", "2025-06-06", "2025-06-07"]),
    ("0 0 1-31 * FRI", "2025-06-01", ["2025-06-02", "2025-06-03"]),
    ("0 0 1 * */2", "2025-06-01", ["2025-06-03", "2025-06-05"]),
  ])
  func `days are chosen by month and by week`(
    text: String,
    after: String,
    days: [String]
  ) throws {
    let found = try fires(of: text, after: after + "T00:00:00Z", days.count)
    #expect(found == days.map { $0 + "T00:00:00Z" })
  }
}
