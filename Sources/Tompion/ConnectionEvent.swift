/// What becomes of the connection between a worker and its servers.
public enum ConnectionEvent: Sendable, Hashable {
  /// The first session is open.
  case connected(server: String)
  /// There is no connection; the next attempt goes to `server` after the wait.
  case reconnecting(server: String, after: Duration)
  /// A session is open again. Handlers that ran on may still be the worker's; the server has said so.
  case reconnected(server: String)
  /// The session broke. Handlers run on until their lease ends.
  case disconnected(reason: String)

  init(_ announcement: WorkerSession.Announcement, servers: [String]) {
    switch announcement {
    case .connected(let server): self = .connected(server: servers[server])
    case .reconnecting(let server, let wait):
      self = .reconnecting(server: servers[server], after: wait)
    case .reconnected(let server): self = .reconnected(server: servers[server])
    case .disconnected(let reason): self = .disconnected(reason: reason)
    }
  }
}
