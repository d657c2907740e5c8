import Tompion

/// Adds up the numbers from 0 to `items` that belong to its shard, taking `ms` for each.
///
/// With the parameter `items=400 ms=20`, one shard takes 8 s and each of four takes 2 s.
struct ShardSum: JobHandler {
  func run(_ context: JobContext) async throws {
    let info = context.taskInfo
    let settings = Settings(info.param)
    let items = settings.number("items", default: 400, in: 0...1_000_000)
    let pause = Duration.milliseconds(settings.number("ms", default: 20, in: 0...60_000))
    var sum = 0
    for item in stride(from: info.shardIndex, to: items, by: info.shardCount) {
      try await Task.sleep(for: pause)
      sum += item
      context.progress(percent: 100 * item / items)
    }
    let shard = "\(info.shardIndex)/\(info.shardCount)"
    say("\(info.workerID) shard \(shard) of task \(info.taskID): sum \(sum)")
    context.log.info("shard added up", metadata: ["shard": shard, "sum": "\(sum)"])
    try context.setResult("\(sum)")
  }
}
