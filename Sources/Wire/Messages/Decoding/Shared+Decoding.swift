internal import CWire
internal import Engine

typealias CRun = Tompion__Worker__V1__Run
typealias CLabel = Tompion__Worker__V1__Label
typealias CReport = Tompion__Worker__V1__Report

extension Fields {
  static func run(_ run: CItem<CRun>?, _ field: String) throws(WireError) -> RunID {
    let run = try unsafe present(run, field)
    let shards = 0...(Engine.TaskTemplate.largestShardCount - 1)
    return try unsafe RunID(
      slot: SlotID(
        task: TaskID(identifier(run.pointee.task_id, "Run.task_id")),
        shard: number(run.pointee.shard, in: shards, "Run.shard")
      ),
      epoch: Epoch(run.pointee.epoch)
    )
  }

  static func runs(
    _ count: Int,
    _ items: UnsafeMutablePointer<CItem<CRun>?>?,
    _ field: String
  ) throws(WireError) -> [RunID] {
    try unsafe list(count, items, limit: WireLimits.listCount, field) { item throws(WireError) in
      try unsafe run(item, field)
    }
  }

  static func labels(
    _ count: Int,
    _ items: UnsafeMutablePointer<CItem<CLabel>?>?,
    _ field: String
  ) throws(WireError) -> Labels {
    guard count > 0 else { return .none }
    let pairs = try unsafe list(count, items, limit: WireLimits.labelCount, field) {
      label throws(WireError) in
      try unsafe (
        name(label.pointee.key, "Label.key"), nameOrEmpty(label.pointee.value, "Label.value")
      )
    }
    return Labels(Dictionary(pairs, uniquingKeysWith: { _, last in last }))
  }

  static func reports(
    _ count: Int,
    _ items: UnsafeMutablePointer<CItem<CReport>?>?,
    _ field: String
  ) throws(WireError) -> [Report] {
    try unsafe list(count, items, limit: WireLimits.listCount, field) { item throws(WireError) in
      try unsafe Report(item)
    }
  }
}
