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
    Measurement(names: ["fire_lateness_1k_p99_ms"]) {
      try await FireLateness.measure(1_000, as: "fire_lateness_1k_p99_ms", $0)
    },
    Measurement(names: ["fire_lateness_10k_p99_ms"]) {
      try await FireLateness.measure(10_000, as: "fire_lateness_10k_p99_ms", $0)
    },
    Measurement(names: ["fires_sustained_per_s"], measure: SustainedFires.measure),
    Measurement(names: ["fire_burst_20k_last_ms"], measure: FireBurst.measure),
    Measurement(names: ["rss_100k_triggers_mb"], measure: TriggerMemory.measure),
    Measurement(names: ["start_1m_triggers_s"], measure: StartTime.measure),
    Measurement(names: ["fire_cost_1m_over_1k"], measure: FireCost.measure),
    Measurement(names: ["throughput_5m_history_ratio"], measure: HistoryThroughput.measure),
    Measurement(
      names: ["idle_workers_2000_mb", "idle_workers_2000_cpu_percent"],
      measure: IdleWorkers.measure
    ),
  ]
}
