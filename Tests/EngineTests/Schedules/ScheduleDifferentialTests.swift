import Foundation
import Testing

@testable import Engine

/// The engine against `oracle.py`, which shares neither code, language nor zone reader with it.
///
/// `TOMPION_SEED` and `TOMPION_CASES` choose other cases; a failure prints the case itself, which
/// `oracle.py` takes as a line of input.
@Suite(.timeLimit(.minutes(5)), .enabled(if: FileManager.default.fileExists(atPath: zoneDirectory)))
struct ScheduleDifferentialTests {
  /// One question: an expression, a zone, a second, and a window in which to count.
  struct Case {
    let expression: String
    let zone: TimeZoneRules
    let second: Int64
    let window: Int64

    var line: String { "\(expression)|\(zone.name)|\(second)|\(window)" }

    /// What the engine says, in the oracle's notation.
    func answer() throws -> String {
      let schedule = try Schedule(parsing: expression, zone: zone)
      let recurrence = Recurrence(schedule, anchor: .epoch)
      let start = Timestamp(seconds: second)
      var answer = recurrence.preview(count: 2, after: start).map { String($0.second) }
      if window > 0 {
        let previous = recurrence.previous(atOrBefore: start)
        answer.append(previous.map { String($0.second) } ?? "-")
        let end = Timestamp(seconds: second + window)
        answer.append(String(recurrence.count(after: start, through: end)))
      }
      return answer.joined(separator: " ")
    }
  }

  @Test func `a hundred thousand random schedules agree with the oracle`() async throws {
    let cases = try randomCases()
    async let first = oracle(cases[..<(cases.count / 2)])
    async let second = oracle(cases[(cases.count / 2)...])
    let answers = try cases.map { try $0.answer() }
    let expected = try await first + second
    #expect(expected.count == cases.count)
    let wrong = zip(cases, zip(answers, expected)).filter { $0.1.0 != $0.1.1 }
    for (question, (answer, expected)) in wrong.prefix(20) {
      Issue.record("\(question.line): the engine says \(answer), the oracle \(expected)")
    }
    #expect(wrong.count == 0, "of \(cases.count) answers")
  }

  private func randomCases() throws -> [Case] {
    let environment = ProcessInfo.processInfo.environment
    let seed = environment["TOMPION_SEED"].flatMap(UInt64.init) ?? 20_261_121
    let count = environment["TOMPION_CASES"].flatMap(Int.init) ?? 100_000
    let zones = try Self.zones.map(machineZone)
    var generator = ExpressionGenerator(numbers: SeededNumbers(seed: seed))
    var cases: [Case] = []
    while cases.count < count {
      let expression = generator.expression()
      guard (try? Schedule(parsing: expression)) != nil else { continue }  // Has no such day.
      let zone = generator.numbers.pick(zones)
      let second = Self.second(in: zone, &generator.numbers)
      let counts = generator.numbers.chance(4) && !expression.hasPrefix("*")
      let window = counts ? Int64.random(in: 1...200_000, using: &generator.numbers) : 0
      cases.append(Case(expression: expression, zone: zone, second: second, window: window))
    }
    return cases
  }

  /// Half of the time close to a change of the clocks, otherwise anywhere, seldom after 2100.
  private static func second(in zone: TimeZoneRules, _ numbers: inout SeededNumbers) -> Int64 {
    let changes = zone.segments.dropFirst()
    guard numbers.chance(2), !changes.isEmpty else {
      let end: Int64 = numbers.chance(20) ? 250_000_000_000 : 4_102_444_800
      return Int64.random(in: 0..<end, using: &numbers)
    }
    let near = numbers.chance(8) ? Array(changes) : Array(changes.prefix(130))
    let offset = numbers.pick([0, -1, 1, Int64.random(in: -200_000...100_000, using: &numbers)])
    return max(0, numbers.pick(near).start + offset)
  }

  /// What `oracle.py` answers, one line for each case.
  private func oracle(_ cases: ArraySlice<Case>) async throws -> [String] {
    let directory = FileManager.default.temporaryDirectory
      .appending(path: "tompion-oracle-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let (questions, answers) = (
      directory.appending(path: "questions"), directory.appending(path: "answers")
    )
    try Data(cases.map { $0.line + "\n" }.joined().utf8).write(to: questions)
    try Data().write(to: answers)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "oracle.py")
    process.arguments = ["python3", script.path]
    process.standardInput = try FileHandle(forReadingFrom: questions)
    process.standardOutput = try FileHandle(forWritingTo: answers)
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in done.resume() }
      do { try process.run() } catch { done.resume(throwing: error) }
    }
    try #require(process.terminationStatus == 0)
    return String(decoding: try Data(contentsOf: answers), as: UTF8.self)
      .split(separator: "\n").map(String.init)
  }

  /// Half an hour, two hours, a day skipped or repeated, midnight gaps, seconds in the offset,
  /// summer time that is negative or goes by tables, and places where nothing happens.
  private static let zones = [
    "UTC", "America/New_York", "Europe/Berlin", "Europe/London", "Australia/Lord_Howe",
    "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut", "Pacific/Apia", "Pacific/Kwajalein",
    "Pacific/Kiritimati", "Africa/Casablanca", "Europe/Dublin", "Asia/Tehran", "Asia/Kathmandu",
    "Asia/Gaza", "Antarctica/Troll", "America/Nuuk", "America/St_Johns", "Africa/Monrovia",
    "Pacific/Chatham", "America/Havana", "America/Santiago", "Asia/Amman", "America/Asuncion",
    "Asia/Jerusalem", "Asia/Pyongyang", "America/Caracas", "Europe/Moscow", "Europe/Istanbul",
    "Antarctica/Casey", "America/Scoresbysund", "Atlantic/Azores", "Pacific/Easter",
    "Australia/Adelaide", "Etc/GMT+5", "Asia/Tokyo", "America/Anchorage", "Antarctica/Macquarie",
  ]
}

private let zoneDirectory = "/usr/share/zoneinfo"
