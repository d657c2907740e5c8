import Testing

@testable import Engine

struct DurationTextTests {
  @Test(arguments: [
    ("0", Duration.zero), ("0s", .zero), ("250ms", .milliseconds(250)), ("10s", .seconds(10)),
    ("1m30s", .seconds(90)), ("90m", .seconds(5_400)), ("1h30m", .seconds(5_400)),
    ("1.5s", .milliseconds(1_500)), ("0.001ms", .microseconds(1)), ("2d", .seconds(172_800)),
    ("1d2h3m4s5ms", .milliseconds(93_784_005)), ("0.25d", .seconds(21_600)),
    ("1.50h10m", .seconds(6_000)), ("0.0000000003125d", .microseconds(27)),
    ("3650d", .longestWritten), ("00001s", .seconds(1)), ("1.000000000000000000s", .seconds(1)),
  ])
  func `numbers with units become a duration`(text: String, expected: Duration) throws {
    #expect(try Duration(parsing: text) == expected)
  }

  @Test(arguments: [
    ("", 0, "number"), ("1", 1, "unit"), ("s", 0, "number"), ("-1s", 0, "number"),
    ("+1s", 0, "number"), ("1s1m", 3, "falling"), ("1m1m", 3, "falling"), ("1.s", 2, "digits"),
    (".5s", 0, "number"), ("1x", 1, "unit"), ("1 s", 1, "unit"), ("1s ", 2, "number"),
    ("1S", 1, "unit"), ("3651d", 0, "longer"), ("3650d1s", 0, "longer"), ("0.0001ms", 0, "finer"),
    ("0.00000000000001d", 0, "finer"), ("99999999999999999999999d", 0, "longer"),
    ("1e3s", 1, "unit"), ("1µs", 1, "unit"), ("1us", 1, "unit"), ("1m-30s", 2, "number"),
    (String(repeating: "1", count: 65), 64, "64"), ("1w", 1, "unit"), ("１s", 0, "number"),
  ])
  func `other texts are refused, with the place`(text: String, position: Int, word: String) {
    let error = #expect(throws: TimeTextError.self) { try Duration(parsing: text) }
    #expect(error?.position == position)
    #expect(error?.message.contains(word) == true)
  }

  @Test(arguments: [
    (Duration.zero, "0s"), (.milliseconds(250), "250ms"), (.seconds(90), "1m30s"),
    (.seconds(7_200), "2h"), (.seconds(90_000), "1d1h"), (.microseconds(1_500), "1.5ms"),
    (.microseconds(1), "0.001ms"), (.microseconds(1_000_010), "1s0.01ms"), (.seconds(-5), "-5s"),
    (.nanoseconds(999), "0s"),
  ])
  func `a duration is written with the units it has`(duration: Duration, text: String) {
    #expect(duration.text == text)
  }

  @Test func `whole microseconds survive writing and reading`() throws {
    var numbers = SeededNumbers(seed: 2)
    for _ in 0..<20_000 {
      let bits = Int64.random(in: 0...48, using: &numbers)
      let duration = Duration.microseconds(Int64.random(in: 0...(1 << bits), using: &numbers))
      #expect(try Duration(parsing: duration.text) == duration)
    }
    #expect(Duration.seconds(Int64.max).text.hasSuffix("ms"))
    #expect(Duration.seconds(Int64.min).text.hasPrefix("-"))
  }
}
