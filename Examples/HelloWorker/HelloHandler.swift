import Tompion

/// Says what it was asked to do.
struct HelloHandler: JobHandler {
  func run(_ context: JobContext) async throws {
    let info = context.taskInfo
    let timeout = info.runTimeout.map { "\($0)" } ?? "none"
    say("param \(info.param), shard \(info.shardIndex)/\(info.shardCount): \(info.shardParam)")
    say("run \(info.runInstanceID), task \(info.taskID), timeout \(timeout)")
    context.log.info("hello", metadata: ["param": info.param])
  }
}
