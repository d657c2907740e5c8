internal import PlatformLogging
internal import Synchronization

/// Tells subscribers and the log what becomes of the connection, and wakes those who wait for its end.
final class ConnectionListener: Sendable {
  private struct State {
    var subscribers: [Int: AsyncStream<ConnectionEvent>.Continuation] = [:]
    var lastSubscriber = 0
    var waiters: [CheckedContinuation<Void, Never>] = []
    var isFinished = false
  }

  private let servers: [String]
  private let logger: Logger
  private let state = Mutex(State())

  init(servers: [String], logger: Logger) {
    self.servers = servers
    self.logger = logger
  }

  /// The events from now on. A slow reader keeps the newest 64.
  func events() -> AsyncStream<ConnectionEvent> {
    let (events, continuation) = AsyncStream.makeStream(
      of: ConnectionEvent.self,
      bufferingPolicy: .bufferingNewest(64)
    )
    let number = state.withLock { state -> Int? in
      guard !state.isFinished else { return nil }
      state.lastSubscriber += 1
      state.subscribers[state.lastSubscriber] = continuation
      return state.lastSubscriber
    }
    guard let number else {
      continuation.finish()
      return events
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.subscribers.removeValue(forKey: number) }
    }
    return events
  }

  func announce(_ announcement: WorkerSession.Announcement) {
    let event = ConnectionEvent(announcement, servers: servers)
    log(event)
    let subscribers = state.withLock { Array($0.subscribers.values) }
    for subscriber in subscribers { subscriber.yield(event) }
  }

  private func log(_ event: ConnectionEvent) {
    switch event {
    case .connected(let server): logger.info("connected", metadata: ["server": "\(server)"])
    case .reconnected(let server): logger.info("reconnected", metadata: ["server": "\(server)"])
    case .reconnecting(let server, let wait):
      logger.info("reconnecting", metadata: ["server": "\(server)", "after": "\(wait)"])
    case .disconnected(let reason):
      logger.warning("disconnected", metadata: ["reason": "\(reason)"])
    }
  }

  /// The worker is done.
  func finished() {
    let (subscribers, waiters) = state.withLock { state in
      state.isFinished = true
      defer {
        state.subscribers = [:]
        state.waiters = []
      }
      return (Array(state.subscribers.values), state.waiters)
    }
    for subscriber in subscribers { subscriber.finish() }
    for waiter in waiters { waiter.resume() }
  }

  func untilFinished() async {
    await withCheckedContinuation { continuation in
      let isFinished = state.withLock { state in
        if !state.isFinished { state.waiters.append(continuation) }
        return state.isFinished
      }
      if isFinished { continuation.resume() }
    }
  }
}
