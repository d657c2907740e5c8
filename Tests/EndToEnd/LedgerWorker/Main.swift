import Tompion

/// A worker that leaves evidence: a synced line for each start and each end, and a write to a resource
/// that remembers the highest epoch.
///
///     ledger-worker LEDGER [--fence PORT] [--handler NAME]... [--worker-id NAME] [--capacity N]
@main
struct LedgerWorker {
  static func main() async throws {
    var configuration = try WorkerConfiguration.load()
    if let name = options("--worker-id").last { configuration.workerID = name }
    if let number = options("--capacity").last.flatMap(Int.init) { configuration.capacity = number }
    let ledger = try Ledger(path: CommandLine.arguments[1])
    let fence = try options("--fence").last.flatMap(UInt16.init).map(FencedResource.init)
    let group = try WorkerGroup(configuration: configuration)
    for handler in options("--handler") {
      try group.add(handler, LedgerHandler(ledger: ledger, fence: fence))
    }
    try await group.run()
  }

  /// Everything that was given under `name`.
  private static func options(_ name: String) -> [String] {
    let arguments = CommandLine.arguments
    return zip(arguments, arguments.dropFirst()).compactMap { $0 == name ? $1 : nil }
  }
}
