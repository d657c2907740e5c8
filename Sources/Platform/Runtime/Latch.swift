import Synchronization

/// Opens once, for everybody who waits and for everybody who comes later.
package final class Latch: Sendable {
  private struct State {
    var isOpen = false
    var count = 0
    var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  /// Callable from any thread, and more than once.
  package func open() {
    let waiting = state.withLock { state in
      defer { state.waiting = [:] }
      state.isOpen = true
      return state.waiting.values
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Suspends until the latch is open, or the calling task is cancelled.
  package func opened() async {
    let key = state.withLock { state in
      state.count += 1
      return state.count
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mustWait = state.withLock { state in
          guard !state.isOpen, !Task.isCancelled else { return false }
          state.waiting[key] = continuation
          return true
        }
        if !mustWait { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: key) }?.resume()
    }
  }
}
