import Testing

@testable import Engine

struct RecurrenceTests {
  private let now: Timestamp
  private let hour: Schedule

  init() throws {
    now = try instant("2026-01-01T00:10:00Z")
    hour = try Schedule(parsing: "@hourly")
  }

  private func after(_ wait: Duration) -> Timestamp { now + wait }

  @Test func `start and end are inclusive`() throws {
    let (start, end) = (try instant("2026-01-01T05:00:00Z"), try instant("2026-01-01T07:00:00Z"))
    let recurrence = try Recurrence(hour, start: start, end: end, createdAt: now)
    #expect(recurrence.preview(count: 10, after: now) == [start, start + .seconds(3_600), end])
    #expect(recurrence.next(after: end - .microseconds(1)) == end)
    #expect(recurrence.next(after: end) == nil)
    #expect(recurrence.previous(atOrBefore: start) == start)
    #expect(recurrence.previous(atOrBefore: start - .microseconds(1)) == nil)
    #expect(recurrence.previous(atOrBefore: .distantFuture) == end)
    #expect(recurrence.count(after: .epoch, through: .distantFuture) == 3)
    #expect(recurrence.count(after: start, through: end) == 2)
    #expect(recurrence.count(after: end, through: start) == 0)
  }

  @Test func `every counts whole multiples from its anchor, however late one looks`() throws {
    let schedule = try Schedule(parsing: "@every 7m")
    let recurrence = try Recurrence(schedule, createdAt: now)
    #expect(recurrence.next(after: now) == after(.seconds(420)))
    #expect(recurrence.next(after: after(.seconds(420))) == after(.seconds(840)))
    #expect(recurrence.next(after: after(.seconds(1_000))) == after(.seconds(1_260)))
    #expect(recurrence.previous(atOrBefore: after(.seconds(419))) == nil)
    #expect(recurrence.previous(atOrBefore: after(.seconds(839))) == after(.seconds(420)))
    let later = after(.seconds(420 * 1_000_000))
    #expect(recurrence.count(after: now, through: later) == 1_000_000)
    #expect(recurrence.newest(2, after: now, through: later) == [later - .seconds(420), later])
  }

  @Test func `the anchor of every is its start, past or to come`() throws {
    let schedule = try Schedule(parsing: "@every 1h")
    let past = try Recurrence(schedule, start: now - .seconds(5_400), createdAt: now)
    #expect(past.next(after: now) == after(.seconds(1_800)))
    let future = try Recurrence(schedule, start: after(.seconds(60)), createdAt: now)
    #expect(future.next(after: now) == after(.seconds(3_660)))
    #expect(past.next(after: .distantFuture) == nil)
  }

  @Test func `after counts from the end of the task before`() throws {
    let schedule = try Schedule(parsing: "after 30s")
    let end = after(.seconds(100))
    let recurrence = try Recurrence(schedule, end: end, repeats: 3, createdAt: now)
    #expect(recurrence.preview(count: 5, after: now) == [after(.seconds(30))])
    #expect(recurrence.count(after: now, through: end) == 1)
    #expect(recurrence.next(afterCompletion: after(.seconds(41)), tasks: 1) == after(.seconds(71)))
    #expect(recurrence.next(afterCompletion: after(.seconds(70))) == end)
    #expect(recurrence.next(afterCompletion: after(.seconds(71))) == nil)
    #expect(recurrence.next(afterCompletion: now, tasks: 3) == nil)
    #expect(try Recurrence(hour, createdAt: now).next(afterCompletion: now) == nil)
    let begun = try Recurrence(schedule, start: now - .seconds(3_600), createdAt: now)
    #expect(begun.next(after: now) == after(.seconds(30)))
  }

  @Test func `at comes once`() throws {
    let schedule = try Schedule(parsing: "at 2026-01-01T00:10:00.5Z")
    let recurrence = try Recurrence(schedule, createdAt: now)
    #expect(recurrence.preview(count: 3, after: now) == [after(.milliseconds(500))])
    #expect(recurrence.previous(atOrBefore: now) == nil)
    #expect(recurrence.previous(atOrBefore: after(.seconds(1))) == after(.milliseconds(500)))
    #expect(recurrence.count(after: now, through: after(.seconds(1))) == 1)
  }

  @Test func `repeats bound what is still to come`() throws {
    let recurrence = try Recurrence(hour, repeats: 3, createdAt: now)
    #expect(recurrence.preview(count: 10, after: now).count == 3)
    #expect(recurrence.preview(count: 10, after: now, tasks: 2).count == 1)
    #expect(recurrence.preview(count: 10, after: now, tasks: 5) == [])
    #expect(recurrence.next(after: now, tasks: 2) != nil)
    #expect(recurrence.next(after: now, tasks: 3) == nil)
    #expect(recurrence.preview(count: -1, after: now) == [])
    #expect(try Recurrence(hour, createdAt: now).preview(count: .max, after: now).count == 1_000)
  }

  @Test(
    arguments: [
      ("@hourly", "2026-01-01T00:20:00Z", "2026-01-01T00:50:00Z", nil, .emptyWindow),
      ("@hourly", "2026-01-02T00:00:00Z", "2026-01-01T00:50:00Z", nil, .emptyWindow),
      ("@hourly", nil, "2025-01-01T00:50:00Z", nil, .emptyWindow),
      ("@every 1h", nil, "2026-01-01T01:09:59Z", nil, .emptyWindow),
      ("after 1h", nil, "2026-01-01T01:09:59Z", nil, .emptyWindow),
      ("0 0 29 2 *", nil, "2028-02-28T23:59:59Z", nil, .emptyWindow),
      ("at 2026-02-01T00:00:00Z", "2026-02-01T00:00:01Z", nil, nil, .emptyWindow),
      ("at 2026-01-01T00:10:00Z", nil, nil, nil, .inPast),
      ("@hourly", nil, nil, 0, .repeats), ("@hourly", nil, nil, -1, .repeats),
    ] as [(String, String?, String?, Int?, ScheduleError.Code)]
  )
  func `a recurrence without an occurrence to come is refused`(
    text: String,
    start: String?,
    end: String?,
    repeats: Int?,
    code: ScheduleError.Code
  ) throws {
    let schedule = try Schedule(parsing: text)
    let (start, end) = (try start.map(instant), try end.map(instant))
    let error = #expect(throws: ScheduleError.self) {
      try Recurrence(schedule, start: start, end: end, repeats: repeats, createdAt: now)
    }
    #expect(error?.code == code)
  }

  @Test func `a time that the zone always skips is refused, not searched for without end`() throws {
    let zone = try machineZone("America/New_York")
    let schedule = try Schedule(parsing: "*/10 2 * 3 SUN#2", zone: zone)
    let spent = ContinuousClock().measure {
      let error = #expect(throws: ScheduleError.self) { try Recurrence(schedule, createdAt: now) }
      #expect(error?.code == .neverFires)
    }
    #expect(spent < .milliseconds(500))  // Generous: a debug build on a busy machine.
  }

  @Test func `a first passing before the start is not made up for by the second`() throws {
    let zone = try machineZone("America/New_York")
    let schedule = try Schedule(parsing: "30 1 * * *", zone: zone)
    let start = try instant("2025-11-02T05:30:01Z")
    let recurrence = try Recurrence(schedule, start: start, createdAt: start - .seconds(9))
    #expect(try recurrence.next(after: start) == instant("2025-11-03T06:30:00Z"))
  }

  @Test(arguments: [
    "* * * * * *", "*/7 * * * *", "0 9 * * MON-FRI", "30 2 * * *", "0 0 L * *", "0,30 1-3 * * *",
    "@every 97m", "15 */6 1,15 * FRI",
  ])
  func `what was missed is counted as one would count it`(text: String) throws {
    let zone = try machineZone("America/New_York")
    let recurrence = Recurrence(try Schedule(parsing: text, zone: zone), anchor: .epoch)
    var numbers = SeededNumbers(seed: 6)
    for day in ["2025-03-08T12:00:00Z", "2025-11-01T12:00:00Z", "2026-05-30T12:00:00Z"] {
      let jitter = Int64.random(in: 0..<86_400_000_000, using: &numbers)
      let first = try instant(day) + .microseconds(jitter)
      let last =
        first
        + .seconds(Int64.random(in: 0...(text.hasPrefix("* ") ? 900 : 172_800), using: &numbers))
      var found: [Timestamp] = []
      while let next = recurrence.next(after: found.last ?? first), next <= last {
        found.append(next)
      }
      #expect(recurrence.count(after: first, through: last) == found.count)
      #expect(recurrence.newest(100, after: first, through: last) == found.suffix(100))
    }
  }

  @Test func `counting a century takes no walk through it`() throws {
    let zone = try machineZone("Europe/Berlin")
    let recurrence = Recurrence(try Schedule(parsing: "* * * * * *", zone: zone), anchor: .epoch)
    let (first, last) = (try instant("2000-01-01T00:00:00Z"), try instant("2100-01-01T00:00:00Z"))
    #expect(recurrence.count(after: first, through: last) == 36_525 * 86_400)
    #expect(recurrence.count(after: .epoch, through: .distantFuture) == 253_402_300_799)
    let daily = Recurrence(try Schedule(parsing: "30 2 * * *", zone: zone), anchor: .epoch)
    #expect(daily.count(after: first, through: last) == 36_525)
  }

  @Test func `instants outside the years of schedules are answered, not trapped on`() throws {
    let (low, high) = (Timestamp(microseconds: .min), Timestamp(microseconds: .max))
    for text in ["* * * * *", "0 0 1 1 *", "@every 1s", "after 1s", "at 2026-01-01T00:00:00Z"] {
      let recurrence = Recurrence(try Schedule(parsing: text), start: low, end: high, anchor: low)
      #expect(recurrence.next(after: high) == nil)
      #expect(recurrence.previous(atOrBefore: low) == nil)
      #expect(recurrence.next(after: low) ?? .epoch >= .epoch)
      #expect(recurrence.previous(atOrBefore: high) ?? .epoch <= .distantFuture)
      #expect(recurrence.count(after: low, through: high) > 0)
      _ = recurrence.next(afterCompletion: high)
      _ = recurrence.next(afterCompletion: low)
    }
  }
}
