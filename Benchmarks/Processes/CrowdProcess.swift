/// Many idle workers in one process: see `CrowdRole`.
final class CrowdProcess: Sendable {
  private let child: Child

  init(_ server: ServerProcess, workers: Int, named name: String) throws {
    let arguments = [CrowdRole.name, server.grpc, "\(workers)", name]
    child = try Child(
      try Child.ownExecutable,
      arguments,
      listeningTo: .standardOutput,
      isQuiet: true  // Two thousand would say that they connect.
    )
  }

  func stop() { child.kill() }
}
