import Testing

@testable import Engine

struct TimestampTextTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0),
    ("2026-12-24T18:00:00Z", 1_798_135_200_000_000),
    ("2026-12-24t19:00:00.5+01:00", 1_798_135_200_500_000),
    ("2026-12-24 12:30:00-05:30", 1_798_135_200_000_000),
    ("2000-02-29T23:59:59.999999999Z", 951_868_799_999_999),
    ("2038-01-19T03:14:08z", 2_147_483_648_000_000),
    ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ("1969-12-31T23:00:00-01:00", 0),
    ("2026-01-01T00:00:00-00:00", 1_767_225_600_000_000),
  ])
  func `RFC 3339 becomes microseconds`(text: String, microseconds: Int64) throws {
    #expect(try Timestamp(parsing: text).microseconds == microseconds)
  }

  @Test(arguments: [
    ("", 0), ("2026", 4), ("2026-13-01T00:00:00Z", 5), ("2026-02-29T00:00:00Z", 8),
    ("2100-02-29T00:00:00Z", 8), ("2026-00-01T00:00:00Z", 5), ("2026-01-00T00:00:00Z", 8),
    ("2026-01-01", 10), ("2026-01-01T24:00:00Z", 11), ("2026-01-01T00:60:00Z", 14),
    ("2016-12-31T23:59:60Z", 17), ("2026-01-01T00:00Z", 16), ("2026-01-01T00:00:00", 19),
    ("2026-01-01T00:00:00.Z", 20), ("2026-01-01T00:00:00.1234567890Z", 20),
    ("2026-01-01T00:00:00+24:00", 19), ("2026-01-01T00:00:00+0100", 19),
    ("2026-01-01T00:00:00ZZ", 20), ("1969-12-31T23:59:59Z", 0), ("10000-01-01T00:00:00Z", 4),
    ("9999-12-31T23:59:59-01:00", 0), ("2026-01-01T00:00:00Ｚ", 19), ("２026-01-01T00:00:00Z", 0),
  ])
  func `what is no RFC 3339 time is refused, with the place`(text: String, position: Int) {
    let error = #expect(throws: TimeTextError.self) { try Timestamp(parsing: text) }
    #expect(error?.position == position)
  }

  @Test func `every instant is written in UTC with six fraction digits and read back`() throws {
    #expect(Timestamp(microseconds: 1_500).description == "1970-01-01T00:00:00.001500Z")
    #expect(Timestamp(microseconds: -1).description == "1969-12-31T23:59:59.999999Z")
    #expect(Timestamp(microseconds: .max).description.hasSuffix("Z"))
    #expect(Timestamp(microseconds: .min).description.hasPrefix("-"))
    var numbers = SeededNumbers(seed: 1)
    for _ in 0..<10_000 {
      let range = 0...Timestamp.distantFuture.microseconds
      let instant = Timestamp(microseconds: Int64.random(in: range, using: &numbers))
      #expect(try Timestamp(parsing: instant.description) == instant)
    }
  }

  @Test func `each day of eight hundred years has its own date, in order`() {
    var expected = CivilDate(year: 1600, month: 1, day: 1)
    for day in Int64(-135_140)..<157_054 {
      let date = CivilDate(daysSince1970: day)
      guard date == expected, date.daysSince1970 == day else {
        Issue.record("day \(day) is \(date), not \(expected)")
        return
      }
      let isLeap = date.year % 400 == 0 || date.year % 4 == 0 && date.year % 100 != 0
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      expected.day += 1
      if expected.day > lengths[date.month - 1] {
        (expected.day, expected.month) = (1, date.month + 1)
      }
      if expected.month > 12 { (expected.month, expected.year) = (1, date.year + 1) }
    }
    #expect(expected == CivilDate(year: 2400, month: 1, day: 1))
    #expect(CivilDate(daysSince1970: 2_932_896) == CivilDate(year: 9999, month: 12, day: 31))
  }
}
