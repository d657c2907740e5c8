import Engine
import PlatformRuntime
import Store

/// From the one instant at which 20,000 one-shots are due until the last of their tasks is committed.
enum FireBurst {
  private static let triggers = 20_000

  static func measure(_ options: Options) async throws -> [Figure] {
    let directory = Scratch.directory(options)
    let due = Timestamp(microseconds: SystemClock.wallMicroseconds + 6_000_000)
    try await prepare(due, in: directory)
    let server = try await ServerProcess(options, directory: directory)
    defer { server.stop() }
    let worker = options.runsFires ?? false ? try WorkerProcess(server, capacity: 1_000) : nil
    defer { worker?.stop() }
    try options.note(server, worker)
    let ahead = due.microseconds - SystemClock.wallMicroseconds
    guard ahead > 1_000_000 else { throw BenchError("creating \(triggers) triggers took too long") }
    try await Task.sleep(for: .microseconds(ahead + 200_000))
    let last = try await untilFired(server)
    let floor = try await StoreFloor.fires(triggers, batch: 2_048, in: server.directory)
    return [
      Figure(
        name: "fire_burst_20k_last_ms",
        value: (last - Double(due.microseconds) / 1_000_000) * 1_000,
        unit: "ms",
        floor: Double(triggers) / floor.rate * 1_000,
        config: [("triggers", Double(triggers)), ("workers", worker == nil ? 0 : 1)]
      )
    ]
  }

  private static func prepare(_ due: Timestamp, in directory: String) async throws {
    try await Stock.prepare(directory) { store in
      try await Stock.addTriggers(triggers, to: store, haveFired: false) { number in
        ("bench-\(number)", TriggerDefinition(handler: "noop", schedule: "at \(due)"))
      }
    }
  }

  /// When the last task was committed, in seconds since 1970. Looks seldom, so as not to disturb.
  private static func untilFired(_ server: ServerProcess) async throws -> Double {
    for _ in 0..<600 {
      let metrics = try await server.metrics()
      let fired = metrics["tompion_fire_lateness_seconds_count"]
      guard metrics["tompion_fire_lateness_seconds_bucket{le=\"0\"}"] == 0,
        fired <= Double(triggers)
      else { throw BenchError("one-shots fired early, or more than once") }
      if fired == Double(triggers) { return metrics["tompion_last_fire_timestamp_seconds"] }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw BenchError("one-shots were missed")
  }
}
