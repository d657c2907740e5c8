/// What a fire costs the server's processor among a million triggers, over what it costs among a thousand.
///
/// The rate is the same, 1,000 fires in a second, and in both every trigger takes its turn: each of the
/// thousand once a second, each of the million once in a thousand seconds.
enum FireCost {
  private static let rate = 1_000

  static func measure(_ options: Options) async throws -> [Figure] {
    let few = try await microseconds(1_000, options)
    let many = try await microseconds(1_000_000, options)
    return [
      Figure(
        name: "fire_cost_1m_over_1k",
        value: many / few,
        unit: "ratio",
        config: [
          ("us_among_1k", few), ("us_among_1m", many), ("fires_per_s", Double(rate)),
          ("seconds", Double(seconds(options))),
        ]
      )
    ]
  }

  private static func seconds(_ options: Options) -> Int { options.seconds ?? 20 }

  private static func microseconds(_ triggers: Int, _ options: Options) async throws -> Double {
    let load = FireLoad(
      triggers: triggers,
      period: triggers * 1_000 / rate,
      seconds: seconds(options),
      isRun: options.runsFires ?? false
    )
    return try await load.run(options, patience: .seconds(30)) { outcome in
      guard outcome.isComplete else {
        throw BenchError("\(outcome.expected - outcome.fired) fires among \(triggers) are missing")
      }
      return outcome.processor / outcome.lateness.count
    }
  }
}
