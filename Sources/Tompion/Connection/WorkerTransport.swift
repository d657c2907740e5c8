internal import PlatformGRPC
internal import Synchronization

/// How servers are reached.
final class WorkerTransport: Sendable {
  static let path = "/tompion.worker.v1.WorkerService/Connect"

  let servers: [String]
  let metadata: GRPCMetadata
  private let configuration: GRPCChannelConfiguration
  private let lastNumber = Atomic<Int>(0)

  init(servers: [String], token: String?, configuration: GRPCChannelConfiguration) {
    self.servers = servers
    self.configuration = configuration
    var metadata = GRPCMetadata()
    if let token { metadata.append("authorization", "Bearer \(token)") }
    self.metadata = metadata
  }

  /// A new connection for each attempt: when to try again is the session's decision alone.
  func channel(to server: Int) -> GRPCChannel {
    GRPCChannel(target: servers[server], configuration: configuration)
  }

  /// Numbers the streams.
  func nextNumber() -> Int {
    lastNumber.add(1, ordering: .relaxed).newValue
  }
}
