/// Something that is measured, and the figures that come of it.
struct Measurement: Sendable {
  let names: [String]
  let measure: @Sendable (Options) async throws -> [Figure]

  func isWanted(by options: Options) -> Bool {
    options.only.map { names.contains($0) } ?? true
  }

  static let all = [
    Measurement(
      names: ["submit_bulk_per_s", "drain_per_s", "server_cpu_us_per_task", "sdk_cpu_us_per_task"],
      measure: Drain.measure
    ),
    Measurement(names: ["tasks_durable_per_s"], measure: Durable.measure),
    Measurement(names: ["submit_concurrent_per_s"], measure: ConcurrentSubmits.measure),
    Measurement(names: ["dispatch_p50_ms", "dispatch_p99_ms"], measure: DispatchLatency.measure),
    Measurement(names: ["fire_lateness_1k_p99_ms"], measure: FireLateness.measure),
  ]
}
