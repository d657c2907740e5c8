import PlatformRuntime
import Synchronization

/// Tasks submitted, run and finished, each step durable, while submitting goes on.
///
/// The time runs from the first submission until the last of all submitted tasks is final, so that a
/// backlog cannot flatter the figure.
enum Durable {
  private static let batch = 500
  private static let inFlight = 4
  private static let capacity = 1_000

  /// What came of a stretch of submitting.
  struct Outcome: Sendable {
    /// Tasks in a second.
    let rate: Double
    /// How many were not run yet when submitting ended.
    let backlog: Int
  }

  static func measure(_ options: Options) async throws -> [Figure] {
    let directory = Scratch.directory(options)
    defer { Scratch.remove(directory) }
    let outcome = try await throughput(options, over: nil)
    let floor = try await StoreFloor.measure(50_000, batch: batch, in: directory)
    return [
      Figure(
        name: "tasks_durable_per_s",
        value: outcome.rate,
        unit: "tasks/s",
        floor: floor.throughout,
        config: [
          ("batch", Double(batch)), ("in_flight", Double(inFlight)),
          ("capacity", Double(capacity)), ("seconds", Double(seconds(options))),
          ("backlog_at_end", Double(outcome.backlog)),
        ]
      )
    ]
  }

  private static func seconds(_ options: Options) -> Int { options.seconds ?? 10 }

  /// Measures over the data in `directory`, or over none.
  static func throughput(_ options: Options, over directory: String?) async throws -> Outcome {
    let server = try await ServerProcess(options, directory: directory)
    defer { server.stop() }
    let worker = try WorkerProcess(server, capacity: capacity)
    defer { worker.stop() }
    for await line in worker.lines where line == "connected" { break }
    try options.note(server, worker)
    let begun = SystemClock.monotonic
    let submitted = try await submit(until: begun + .seconds(seconds(options)), server)
    let backlog = try await submitted - server.metrics().completed
    try await server.untilCompleted(submitted)
    let taken = (SystemClock.monotonic - begun).seconds
    return Outcome(rate: Double(submitted) / taken, backlog: backlog)
  }

  /// Keeps a few requests in flight; returns how many tasks were acknowledged.
  private static func submit(until end: Duration, _ server: ServerProcess) async throws -> Int {
    let submitter = Submitter(channel: server.channel)
    return try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<inFlight {
        group.addTask {
          var count = 0
          while SystemClock.monotonic < end {
            try await submitter.submit(batch, to: "noop")
            count += batch
          }
          return count
        }
      }
      return try await group.reduce(0, +)
    }
  }
}
