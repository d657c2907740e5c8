import Engine
import PlatformMetrics
import Store
import Testing

@testable import Server

struct ServerMetricsTests {
  let metrics = ServerMetrics()

  @Test(arguments: [
    (late: 1_040, below: "0.001", atMost: "0.0011"), (late: 18_900, below: "0.018", atMost: "0.02"),
    (late: 760_000, below: "0.75", atMost: "0.82"), (late: 0, below: nil, atMost: "0"),
  ])
  func `a fire is counted to within a tenth of its lateness`(
    late: Int64,
    below: String?,
    atMost: String
  ) {
    metrics.committed(fire(at: 7_000_000), at: Timestamp(microseconds: 7_000_000 + late))
    let text = metrics.registry.render()
    #expect(text.contains("tompion_fire_lateness_seconds_bucket{le=\"\(atMost)\"} 1\n"))
    if let below {
      #expect(text.contains("tompion_fire_lateness_seconds_bucket{le=\"\(below)\"} 0\n"))
    }
  }

  @Test func `the time of the latest fire is to the microsecond, and moves with fires only`() {
    metrics.committed(fire(at: 7_000_000), at: Timestamp(microseconds: 1_796_000_000_123_456))
    metrics.committed(Commit(), at: Timestamp(microseconds: 1_797_000_000_000_000))
    let text = metrics.registry.render()
    #expect(text.contains("tompion_last_fire_timestamp_seconds 1796000000.123456\n"))
  }

  /// A commit with the one task of a fire.
  private func fire(at nominal: Int64) -> Commit {
    let id = TaskID(UUIDv7(high: 1, low: 1))
    let at = Timestamp(microseconds: nominal)
    let template = SharedTemplate(
      number: 1,
      value: TaskTemplate(namespace: "default", handler: "noop")
    )
    let task = TaskRecord(id: id, template: template, nominalAt: at, createdAt: at)
    let slot = Slot(
      id: SlotID(task: id, shard: 0),
      phase: .waiting(readyAt: at, latecomer: nil)
    )
    let move = SlotMove(
      number: 1,
      from: .created,
      to: .created,
      why: "fired",
      epoch: .none,
      at: at,
      readyAt: at
    )
    var commit = Commit()
    commit.changes = [SlotChange(slot: slot, task: task, move: move, sequence: 1)]
    return commit
  }
}
