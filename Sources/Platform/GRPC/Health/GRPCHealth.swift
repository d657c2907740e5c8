import Synchronization

/// What the standard health service (`grpc.health.v1.Health`) says about this process.
///
/// The empty name stands for the server as a whole. It is `serving` from the start.
package final class GRPCHealth: Sendable {
  package enum Status: UInt64, Sendable, Hashable {
    case unknown = 0
    case serving = 1
    case notServing = 2
    /// What watchers are told about a service nobody has set.
    case serviceUnknown = 3
  }

  private struct State {
    var statuses: [String: Status] = ["": .serving]
    var watchers: [ObjectIdentifier: HealthWatcher] = [:]
    var isShutDown = false
  }

  /// The most streams that may watch at a time. More are refused as `resourceExhausted`.
  package let mostWatchers: Int
  private let state = Mutex(State())

  package init(mostWatchers: Int = 1_000) {
    self.mostWatchers = mostWatchers
  }

  /// Sets the status of `service` and tells those who watch it. Without effect after `shutdown()`.
  package func set(_ status: Status, of service: String = "") {
    let told: [HealthWatcher] = state.withLock { state in
      guard !state.isShutDown, state.statuses[service] != status else { return [] }
      state.statuses[service] = status
      return state.watchers.values.filter { $0.service == service }
    }
    for watcher in told { watcher.tell(status) }
  }

  /// Sets every service to `notServing` for good, tells all watchers and ends their streams, so that
  /// they do not hold up the server that shuts down next.
  package func shutdown() {
    let told = state.withLock { state in
      state.isShutDown = true
      state.statuses = state.statuses.mapValues { _ in .notServing }
      return Array(state.watchers.values)
    }
    for watcher in told { watcher.end() }
  }

  /// The status of `service`; `nil` when nobody has set one.
  package func status(of service: String = "") -> Status? {
    state.withLock { $0.statuses[service] }
  }

  /// Begins to tell `watcher` about its service.
  func add(_ watcher: HealthWatcher) -> Bool {
    let status: Status?? = state.withLock { state in
      guard state.watchers.count < mostWatchers else { return .none }
      state.watchers[ObjectIdentifier(watcher)] = watcher
      return .some(state.isShutDown ? nil : state.statuses[watcher.service] ?? .serviceUnknown)
    }
    guard let status else { return false }
    if let status { watcher.tell(status) } else { watcher.end() }
    return true
  }

  func remove(_ watcher: HealthWatcher) {
    _ = state.withLock { $0.watchers.removeValue(forKey: ObjectIdentifier(watcher)) }
  }
}
