/// One worker, a process of its own.
final class WorkerProcess: Sendable {
  private let child: Child

  init(
    _ server: ServerProcess,
    capacity: Int,
    handler: WorkerRole.Handler = .noop,
    expecting count: Int = 0
  ) throws {
    let arguments = [
      WorkerRole.name, server.grpc, "\(capacity)", handler.rawValue, "\(count)",
    ]
    child = try Child(try Child.ownExecutable, arguments, listeningTo: .standardOutput)
  }

  var id: Int32 { child.id }

  /// What it says: see `WorkerRole`.
  var lines: AsyncStream<String> { child.lines }

  /// The instant of the next line that begins with `word`, on the machine's monotonic clock.
  func instant(of word: String) async throws -> Duration {
    for await line in child.lines {
      let parts = line.split(separator: " ")
      guard parts.first.map({ $0 == word }) ?? false, let time = parts.last.flatMap({ Int64($0) })
      else { continue }
      return .microseconds(time)
    }
    throw BenchError("the worker ended too early")
  }

  func stop() { child.kill() }
}
