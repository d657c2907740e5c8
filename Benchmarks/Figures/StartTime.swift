import ControlAPI
import Engine
import Foundation
import PlatformRuntime
import Store
import TompionClient

/// From the start of a server over a million triggers until its first fire is committed.
///
/// The million is due within the next day, beginning in an hour. A hundred more fire once a second each, ten
/// milliseconds apart, so that something is due whenever the server is able to fire. They are made
/// last: what they owe by then is the first that must come.
enum StartTime {
  private static let triggers = 1_000_000
  private static let canaries = 100

  static func measure(_ options: Options) async throws -> [Figure] {
    let taken = try await firstFire(over: triggers, options)
    let floor = try await firstFire(over: 0, options)
    return [
      Figure(
        name: "start_1m_triggers_s",
        value: taken.seconds,
        unit: "s",
        floor: floor.seconds,
        config: [("triggers", Double(triggers)), ("due_each_s", Double(canaries))]
      )
    ]
  }

  private static func firstFire(over triggers: Int, _ options: Options) async throws -> Duration {
    let directory = Scratch.directory(options)
    var base: Int64 = 0
    try await Stock.prepare(directory) { store in
      try await Stock.addTriggers(triggers, to: store, haveFired: true, sleeper)
      let now = SystemClock.wallMicroseconds + 50_000  // They are stored by then.
      try await Stock.addTriggers(canaries, to: store, haveFired: true) { canary($0, from: now) }
      base = now
    }
    let begun = SystemClock.monotonic
    let server = try await ServerProcess(options, directory: directory)
    defer { server.stop() }
    try options.note(server)
    while try await server.metrics()["tompion_fire_lateness_seconds_count"] == 0 {
      guard SystemClock.monotonic - begun < .seconds(300) else {
        throw BenchError("nothing was fired within 300 s")
      }
      try await Task.sleep(for: .milliseconds(2))
    }
    let taken = SystemClock.monotonic - begun
    try await audit(server, base)
    return taken
  }

  /// Fires once a day, from an hour from now on.
  private static func sleeper(_ number: Int) -> (name: String, definition: TriggerDefinition) {
    var definition = TriggerDefinition(handler: "noop", schedule: "@every 24h")
    let first = SystemClock.wallMicroseconds + 3_600_000_000 + Int64(number) * 82_000
    definition.start = Timestamp(microseconds: first - 86_400_000_000)
    return ("bench-\(number)", definition)
  }

  private static func canary(
    _ number: Int,
    from base: Int64
  ) -> (name: String, definition: TriggerDefinition) {
    var definition = TriggerDefinition(handler: "noop", schedule: "@every 1s")
    // Its first fire is one second after its start.
    definition.start = Timestamp(microseconds: base + Int64(number) * 10_000 - 1_000_000)
    return ("canary-\(number)", definition)
  }

  /// Every second since the triggers were made has its task, and none was early.
  private static func audit(_ server: ServerProcess, _ base: Int64) async throws {
    for number in 0..<canaries {
      let rows = try await server.control.fires(of: "canary-\(number)", ListPage(limit: 1_000))
        .items
      let read = SystemClock.wallMicroseconds
      let times = try rows.map { try Timestamp(parsing: $0.at).microseconds }.sorted()
      let first = base + Int64(number) * 10_000
      let due = Array(stride(from: first, through: read - 1_500_000, by: 1_000_000))
      guard times.starts(with: due),
        rows.allSatisfy({ $0.outcome == "task" && $0.recordedAt >= $0.at })
      else { throw BenchError("the ledger of canary-\(number) is not what its schedule says") }
    }
  }
}
