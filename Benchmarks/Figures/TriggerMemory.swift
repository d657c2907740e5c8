import ControlAPI
import PlatformRuntime
import TompionClient

/// By how much the server's memory grows when 100,000 triggers are created through its API.
enum TriggerMemory {
  private static let triggers = 100_000
  private static let inFlight = 32

  static func measure(_ options: Options) async throws -> [Figure] {
    let server = try await ServerProcess(options)
    defer { server.stop() }
    try options.note(server)
    // The first triggers bring into memory what is there once, whatever their number.
    try await create(0..<100, server)
    let before = try await ProcessMemory.settled(of: server.id)
    let begun = SystemClock.monotonic
    try await create(100..<(triggers + 100), server)
    let taken = (SystemClock.monotonic - begun).seconds
    let after = try await ProcessMemory.settled(of: server.id)
    return [
      Figure(
        name: "rss_100k_triggers_mb",
        value: after - before,
        unit: "MB",
        config: [
          ("triggers", Double(triggers)), ("before_mb", before), ("after_mb", after),
          ("created_per_s", Double(triggers) / taken),
        ]
      )
    ]
  }

  private static func create(_ numbers: Range<Int>, _ server: ServerProcess) async throws {
    let control = server.control
    try await withThrowingTaskGroup { group in
      for part in 0..<inFlight {
        group.addTask {
          for number in numbers where number % inFlight == part {
            _ = try await control.createTrigger("bench-\(number)", spec(number))
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Once a year, each at a second of its own, months from now.
  private static func spec(_ number: Int) -> TriggerSpec {
    let month = (Self.month + 5) % 12 + 1
    let (minute, second) = (number / 60 % 60, number % 60)
    let (hour, day) = (number / 3_600 % 24, number / 86_400 % 28 + 1)
    return TriggerSpec(handler: "noop", schedule: "\(second) \(minute) \(hour) \(day) \(month) *")
  }

  /// The month of the year, 0 to 11, near enough.
  private static let month = Int(SystemClock.wallMicroseconds / 1_000_000 / 86_400 % 365 / 31)
}
