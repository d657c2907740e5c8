import Synchronization

/// Holds back whoever produces a streamed body while too much of it waits for the client.
final class StreamGate: Sendable {
  /// How much may wait before the producer does, in bytes.
  static let limit = 256 << 10

  private struct State {
    var waiting = 0
    var isClosed = false
    var producer: CheckedContinuation<Bool, Never>?
  }

  private let state = Mutex(State())

  /// Counts `size` bytes as waiting and suspends while they are too many; `false` once closed.
  ///
  /// One producer at a time.
  func pass(_ size: Int) async -> Bool {
    await withCheckedContinuation { producer in
      let verdict: Bool? = state.withLock { state in
        state.waiting += size
        if state.isClosed { return false }
        if state.waiting <= Self.limit { return true }
        state.producer = producer
        return nil
      }
      if let verdict { producer.resume(returning: verdict) }
    }
  }

  /// `size` bytes wait no longer.
  func release(_ size: Int) {
    let producer = state.withLock { state in
      state.waiting -= size
      return state.waiting <= Self.limit ? state.producer.take() : nil
    }
    producer?.resume(returning: true)
  }

  /// Lets the producer go, now and from now on: the client left.
  func close() {
    let producer = state.withLock { state in
      state.isClosed = true
      return state.producer.take()
    }
    producer?.resume(returning: false)
  }
}
