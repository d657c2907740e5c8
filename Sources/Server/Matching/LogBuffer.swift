package import Store
import Synchronization

/// Log lines on their way to the store: many small ones become a few writes.
package final class LogBuffer: Sendable {
  /// More lines than this are dropped and counted rather than kept in memory.
  static let bound = 100_000

  private let state = Mutex<(lines: [LogLine], dropped: Int)>(([], 0))

  package init() {}

  package func append(_ lines: [LogLine]) {
    guard !lines.isEmpty else { return }
    state.withLock { state in
      let room = LogBuffer.bound - state.lines.count
      state.lines.append(contentsOf: lines.prefix(room))
      state.dropped += max(0, lines.count - room)
    }
  }

  /// Takes what has gathered.
  package func take() -> [LogLine] {
    state.withLock { state in
      defer { state.lines = [] }
      return state.lines
    }
  }

  package var dropped: Int { state.withLock(\.dropped) }
}
