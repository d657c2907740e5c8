import ControlAPI
import Engine
import PlatformRuntime
import TompionClient

/// How late fires are when a thousand triggers fire once a second, spread over the second.
enum FireLateness {
  private static let triggers = 1_000
  /// Triggers whose ledger is read row by row.
  private static let sampled = 50
  private static let metric = "tompion_fire_lateness_seconds"

  static func measure(_ options: Options) async throws -> [Figure] {
    let server = try await ServerProcess(options)
    defer { server.stop() }
    let worker = try WorkerProcess(server, capacity: 1_000)
    defer { worker.stop() }
    for await line in worker.lines where line == "connected" { break }
    let start = SystemClock.wallMicroseconds + 8_000_000
    try await create(server, from: start)
    let ahead = start + 2_000_000 - SystemClock.wallMicroseconds
    guard ahead > 0 else { throw BenchError("creating \(triggers) triggers took too long") }
    try await Task.sleep(for: .microseconds(ahead))
    try options.note(server, worker)
    let before = try await server.metrics()
    try await Task.sleep(for: .seconds(options.seconds))
    let gain = try await HistogramGain(of: metric, from: before, to: server.metrics())
    let (early, missed) = try await audit(server)
    guard early == 0, missed == 0 else {
      throw BenchError("\(early) fires were early, \(missed) were missed")
    }
    let floor = try MachineFloor.alarmsWithSync(500, server.directory).percentile(0.99)
    return [
      Figure(
        name: "fire_lateness_1k_p99_ms",
        value: gain.percentile(0.99) * 1_000,
        unit: "ms",
        floor: floor,
        config: [
          ("triggers", Double(triggers)), ("seconds", Double(options.seconds)),
          ("fires", gain.count), ("p50_ms", gain.percentile(0.5) * 1_000),
          ("early", Double(early)), ("missed", Double(missed)),
        ]
      )
    ]
  }

  /// Trigger number n fires n ms after each full second of the schedule.
  private static func create(_ server: ServerProcess, from start: Int64) async throws {
    let control = server.control
    try await withThrowingTaskGroup { group in
      for part in 0..<8 {
        group.addTask {
          for number in stride(from: part, to: triggers, by: 8) {
            var spec = TriggerSpec(handler: "noop", schedule: "@every 1s")
            let first = start + Int64(number * 1_000_000 / triggers)
            spec.start = Timestamp(microseconds: first).description
            _ = try await control.createTrigger("bench-\(number)", spec)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// How many fires in the ledgers of a few triggers were early, and how many are not there.
  private static func audit(_ server: ServerProcess) async throws -> (early: Int, missed: Int) {
    var early = 0
    var missed = 0
    for number in stride(from: 0, to: triggers, by: triggers / sampled) {
      let rows = try await server.control.fires(of: "bench-\(number)", ListPage(limit: 1_000)).items
      guard !rows.isEmpty else { throw BenchError("bench-\(number) has not fired") }
      // The texts have one length, so that their order is that of the times.
      early += rows.count { $0.recordedAt < $0.at }
      missed += rows.count { $0.outcome != "task" }
      let times = try rows.map { try Timestamp(parsing: $0.at).microseconds }.sorted()
      for (one, next) in zip(times, times.dropFirst()) {
        missed += Int((next - one) / 1_000_000) - 1
      }
    }
    return (early, missed)
  }
}
