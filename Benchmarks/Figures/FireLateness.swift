import PlatformRuntime

/// How late fires are at a steady rate that the server can bear, while a worker runs their tasks.
enum FireLateness {
  /// Each trigger fires once a second.
  static func measure(_ triggers: Int, as name: String, _ options: Options) async throws -> [Figure]
  {
    let load = FireLoad(
      triggers: triggers,
      period: 1_000,
      seconds: options.seconds ?? 10,
      isRun: options.runsFires ?? true
    )
    return try await load.run(options, patience: .seconds(120)) { outcome in
      guard outcome.isComplete else {
        throw BenchError(
          "\(outcome.expected - outcome.fired) of \(outcome.expected) fires are missing"
        )
      }
      let floor = try MachineFloor.alarmsWithSync(500, outcome.directory).percentile(0.99)
      return [
        Figure(
          name: name,
          value: outcome.lateness.bound(0.99) * 1_000,
          unit: "ms",
          floor: floor,
          config: [
            ("triggers", Double(triggers)), ("seconds", Double(load.seconds)),
            ("fires", Double(outcome.fired)), ("p50_ms", outcome.lateness.bound(0.5) * 1_000),
            ("p999_ms", outcome.lateness.bound(0.999) * 1_000), ("workers", load.isRun ? 1 : 0),
            ("early", 0), ("missed", 0),
          ]
        )
      ]
    }
  }
}
