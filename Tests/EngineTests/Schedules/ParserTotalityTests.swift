import Testing

@testable import Engine

/// Whatever the text, a parser answers, and soon.
@Suite(.timeLimit(.minutes(2)))
struct ParserTotalityTests {
  private static let seeds = [
    "0 9 * * MON-FRI", "*/5 0-23/2 L-3,15W * FRI#2,SUNL", "@every 1m30s", "after 30s", "@daily",
    "at 2026-12-24T18:00:00.123456789+01:00", "TZ=UTC 0 0 * * *", "0 0 29 2 1#5", "? ? ? ? ?",
    "2026-12-24T18:00:00Z", "1d2h3m4.5s6ms", "CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin",
    "9223372036854775808", "L LW 7L 31W", "JAN-DEC/12 SAT-SUN/7",
  ]
  private static let alphabet = Array(
    "0123456789*/-,#?LWlw @:.TZtz+smhd\t\n=_\u{0}\u{7F}äſ１\u{301}<>MONfriJAN".unicodeScalars
  )

  @Test(arguments: [7, 8, 9, 10])
  func `two hundred thousand mutilated texts are read or refused`(seed: UInt64) {
    var numbers = SeededNumbers(seed: seed)
    var accepted = 0
    var slowest = Duration.zero
    let clock = ContinuousClock()
    for _ in 0..<50_000 {
      let text = Self.text(&numbers)
      slowest = max(slowest, clock.measure { accepted += Self.parseAll(text) })
    }
    #expect(accepted > 1_000)
    #expect(slowest < .seconds(2))  // Generous: a debug build on a busy machine.
  }

  /// A seed with some of its characters replaced, removed, doubled or joined by others, or mere noise.
  private static func text(_ numbers: inout SeededNumbers) -> String {
    if numbers.chance(10) {
      let count = Int.random(in: 0...300, using: &numbers)
      return String(String.UnicodeScalarView((0..<count).map { _ in numbers.pick(alphabet) }))
    }
    var scalars = Array(numbers.pick(seeds).unicodeScalars)
    for _ in 0..<Int.random(in: 1...4, using: &numbers) {
      let index = Int.random(in: 0...scalars.count, using: &numbers)
      switch Int.random(in: 0...3, using: &numbers) {
      case 0: scalars.insert(numbers.pick(alphabet), at: index)
      case 1 where index < scalars.count: scalars.remove(at: index)
      case 2 where index < scalars.count: scalars[index] = numbers.pick(alphabet)
      default: scalars += numbers.pick(seeds).unicodeScalars.prefix(index)
      }
    }
    return String(String.UnicodeScalarView(scalars))
  }

  /// How many of the parsers took the text.
  private static func parseAll(_ text: String) -> Int {
    var accepted = 0
    if let schedule = try? Schedule(parsing: text) {
      accepted += 1
      _ = Recurrence(schedule, anchor: .epoch).next(after: Timestamp(seconds: 1_800_000_000))
    }
    if (try? Timestamp(parsing: text)) != nil { accepted += 1 }
    if (try? Duration(parsing: text)) != nil { accepted += 1 }
    if PosixZoneRule(text) != nil { accepted += 1 }
    if TimeZoneRules.isPlausible(text) { accepted += 1 }
    return accepted
  }
}
