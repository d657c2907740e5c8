import PlatformRuntime

/// The highest rate of fires at which none is missed and 99 in 100 are at most 20 ms late.
///
/// Rates are offered, each to a server of its own over a database of its own with 100,000 triggers
/// that all take part. Short probes look for the highest rate that holds: up by half until one fails,
/// then between the two until they are within 5 %. What they found must hold for the whole time; as
/// long as it does not, a rate 5 % lower is tried.
enum SustainedFires {
  private static let triggers = 100_000
  private static let latest = 0.02
  private static let probe = 5
  /// Fires in a second: where the search begins, and where it gives up.
  private static let first = 4_000.0
  private static let lowest = 100.0

  static func measure(_ options: Options) async throws -> [Figure] {
    let seconds = options.seconds ?? 60
    var rate = try await highest(options, probing: min(probe, seconds))
    while rate >= lowest {
      if let figure = try await sustained(rate, seconds, options) { return [figure] }
      rate *= 0.95
    }
    throw BenchError("not even \(Int(lowest)) fires in a second were sustained")
  }

  /// The highest rate that held for `seconds`.
  private static func highest(_ options: Options, probing seconds: Int) async throws -> Double {
    var holds = 0.0
    var fails = Double(triggers) * 1.01  // A trigger fires once a second at the most.
    var next = first
    while fails - holds > 0.05 * fails, next >= lowest {
      if try await sustained(next, seconds, options) != nil { holds = next } else { fails = next }
      next =
        holds == 0
        ? fails / 2
        : fails > Double(triggers) ? min(holds * 1.5, Double(triggers)) : (holds + fails) / 2
      if holds == Double(triggers) { break }
    }
    return holds > 0 ? holds : next
  }

  /// The figure, if the rate holds.
  private static func sustained(
    _ rate: Double,
    _ seconds: Int,
    _ options: Options
  ) async throws -> Figure? {
    let load = FireLoad(
      triggers: triggers,
      period: max(1_000, Int((Double(triggers) * 1_000 / rate).rounded(.up))),
      seconds: seconds,
      isRun: options.runsFires ?? false
    )
    return try await load.run(options, patience: .seconds(2)) { outcome in
      let late = outcome.lateness.bound(0.99)
      let holds = outcome.isComplete && late <= latest
      say(
        "  \(Int(load.rate)) fires/s for \(seconds) s: \(holds ? "held" : "failed"), \(outcome.fired) of \(outcome.expected), p99 \(late * 1_000) ms"
      )
      guard holds else { return nil }
      let floor = try await StoreFloor.fires(20_000, batch: 2_048, in: outcome.directory)
      return Figure(
        name: "fires_sustained_per_s",
        value: load.rate,
        unit: "fires/s",
        floor: floor.rate,
        config: [
          ("triggers", Double(triggers)), ("seconds", Double(seconds)),
          ("fires", Double(outcome.fired)), ("p99_ms", late * 1_000),
          ("p50_ms", outcome.lateness.bound(0.5) * 1_000), ("workers", load.isRun ? 1 : 0),
          ("early", 0), ("missed", 0),
        ]
      )
    }
  }
}
