package import Store
import Synchronization

/// Follows what the store commits and hands it to those who listen.
///
/// The journal is the truth: a listener reads it from where it stands, and a commit only wakes it. A
/// slow listener therefore costs no memory, and one that comes back misses nothing the journal holds.
package final class EventHub: Sendable {
  private struct State {
    var last: Int64 = 0
    var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    var count = 0
    var isClosed = false
  }

  private let state = Mutex(State())

  package init() {}

  /// The sequence of the latest change that was committed since the start.
  package var last: Int64 { state.withLock(\.last) }

  /// To be called after each commit, in order.
  package func committed(_ commit: Commit) {
    guard let last = commit.changes.last?.sequence else { return }
    let listeners = state.withLock { state in
      state.last = last
      return state.listeners.isEmpty ? [] : Array(state.listeners.values)
    }
    for listener in listeners { listener.yield() }
  }

  /// Ends all wake-ups: the server stops.
  package func close() {
    let listeners = state.withLock { state in
      state.isClosed = true
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.finish() }
  }

  /// One element, at least, after each commit, until the task ends or the hub is closed.
  package func wakeUps() -> AsyncStream<Void> {
    let (wakeUps, listener) = AsyncStream.makeStream(
      of: Void.self,
      bufferingPolicy: .bufferingNewest(1)
    )
    let (key, isClosed) = state.withLock { state in
      state.count += 1
      state.listeners[state.count] = listener
      return (state.count, state.isClosed)
    }
    if isClosed { listener.finish() }
    listener.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.listeners.removeValue(forKey: key) }
    }
    return wakeUps
  }
}
