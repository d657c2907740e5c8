import Tompion

/// A worker for trying out shards, retries, cancellation and loss.
///
///     shard-worker [--config FILE] [--worker-id NAME] [--capacity N]
@main
struct ShardWorker {
  static func main() async throws {
    var configuration = try option("--config").map { try WorkerConfiguration.load($0) } ?? .load()
    if let name = option("--worker-id") { configuration.workerID = name }
    configuration.capacity = option("--capacity").flatMap(Int.init) ?? 1
    let group = try WorkerGroup(configuration: configuration)
    try group.add("shard-sum", ShardSum())
    try group.add("flaky", Flaky())
    try group.add("slow", Slow())
    try await group.run()
  }

  private static func option(_ name: String) -> String? {
    let arguments = CommandLine.arguments
    guard let place = arguments.firstIndex(of: name), place + 1 < arguments.count else {
      return nil
    }
    return arguments[place + 1]
  }
}
