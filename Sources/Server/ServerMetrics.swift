import Engine
package import PlatformMetrics
import Store

/// What the server counts and measures, for Prometheus.
package struct ServerMetrics: Sendable {
  package let registry = MetricsRegistry()
  /// By the raw value of the state.
  private let moves: [Counter]
  private let refusals: MetricFamily<Counter>
  private let lateness: Histogram
  private let lastFire: Gauge
  private let commitSize: Histogram

  init() {
    let moves = registry.counters(
      "tompion_moves_total",
      help: "Moves of slots, by the state they led to.",
      labels: ["to"]
    )
    self.moves = TaskState.allCases.map { moves.with($0.name) }
    refusals = registry.counters(
      "tompion_refused_moves_total",
      help: "Moves and reports that were refused, by reason.",
      labels: ["reason"]
    )
    lateness = registry.histogram(
      "tompion_fire_lateness_seconds",
      help: "From the nominal time of a fire to the commit of its task.",
      bounds: ServerMetrics.latenessBounds
    )
    lastFire = registry.gauge(
      "tompion_last_fire_timestamp_seconds",
      help: "When the task of the latest fire was committed; 0 before the first."
    )
    commitSize = registry.histogram(
      "tompion_commit_changes",
      help: "Changes in one commit.",
      bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000]
    )
  }

  /// Seconds: zero, at or below which a fire was early; then one in ten apart, from a tenth of a
  /// millisecond to a second; coarse beyond.
  private static let latenessBounds: [Double] =
    [0]
    + [100_000, 10_000, 1_000, 100].flatMap { scale in preferredNumbers.map { $0 / scale } }
    + [1, 2, 5, 10, 60, 300, 3_600]

  /// One decade in 24 even steps, times ten (IEC 60063, E24).
  private static let preferredNumbers: [Double] = [
    10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91,
  ]

  /// Counts one commit, just after it: each counter is added to once.
  func committed(_ commit: Commit, at now: Timestamp) {
    if !commit.changes.isEmpty { commitSize.observe(Double(commit.changes.count)) }
    var hasFired = false
    var counts = [UInt64](repeating: 0, count: moves.count)
    for change in commit.changes {
      counts[Int(change.move.to.rawValue)] += 1
      if change.move.number == 1, !change.task.isManual, change.slot.id.shard == 0 {
        lateness.observe(now - change.task.nominalAt)
        hasFired = true
      }
    }
    for (counter, count) in zip(moves, counts) where count > 0 { counter.increment(by: count) }
    if hasFired { lastFire.set(Double(now.microseconds) / 1_000_000) }
    for (reason, count) in commit.refusals {
      refusals.with(reason.rawValue).increment(by: UInt64(count))
    }
  }

  /// Shows what matching has in memory, each time somebody asks.
  func watch(_ dispatcher: Dispatcher) {
    registry.gauge("tompion_sessions", help: "Open streams of workers.") {
      Double(dispatcher.counts.sessions)
    }
    registry.gauge("tompion_slots_in_hand", help: "Slots that workers have in hand.") {
      Double(dispatcher.counts.inHand)
    }
    registry.gauge("tompion_slots_ready", help: "Ready slots in memory, over all queues.") {
      Double(dispatcher.counts.ready)
    }
    registry.gauge("tompion_log_lines_dropped", help: "Log lines there was no room for.") {
      Double(dispatcher.log.dropped)
    }
  }
}
