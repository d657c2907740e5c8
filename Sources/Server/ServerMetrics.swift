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
    commitSize = registry.histogram(
      "tompion_commit_changes",
      help: "Changes in one commit.",
      bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000]
    )
  }

  /// Seconds; fine where fires should be, coarse where they should not.
  private static let latenessBounds: [Double] = [
    0.000_1, 0.000_2, 0.000_3, 0.000_4, 0.000_5, 0.000_6, 0.000_7, 0.000_8, 0.001, 0.001_25,
    0.001_5,
    0.001_75, 0.002, 0.002_5, 0.003, 0.004, 0.005, 0.007_5, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1,
    0.25,
    0.5, 1, 2.5, 5, 10, 60, 300, 3_600,
  ]

  /// What is counted of one commit, to be added all at once.
  struct Tally {
    fileprivate let lateness: Histogram
    fileprivate let now: Timestamp
    /// By the raw value of the state.
    fileprivate var moves: [UInt64]

    mutating func count(_ change: SlotChange) {
      moves[Int(change.move.to.rawValue)] += 1
      if change.move.number == 1, !change.task.isManual, change.slot.id.shard == 0 {
        lateness.observe(now - change.task.nominalAt)
      }
    }
  }

  /// To count the changes of a commit with, just after it.
  func tally(at now: Timestamp) -> Tally {
    Tally(lateness: lateness, now: now, moves: Array(repeating: 0, count: moves.count))
  }

  func add(_ tally: Tally, of commit: Commit) {
    if !commit.changes.isEmpty { commitSize.observe(Double(commit.changes.count)) }
    for (counter, count) in zip(moves, tally.moves) where count > 0 { counter.increment(by: count) }
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
