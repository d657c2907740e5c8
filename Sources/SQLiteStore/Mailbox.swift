import Dispatch
import Store
import Synchronization

/// What waits for the writer. Bounded; whoever posts is never held up.
final class Mailbox: Sendable {
  private struct State {
    var operations: [StoreOperation] = []
    var isStirred = false
    var isClosed = false
    var isWriterAsleep = false
  }

  /// What the writer takes at once.
  struct Delivery {
    var operations: [StoreOperation]
    var isStirred: Bool
    /// Nothing will follow.
    var isLast: Bool
  }

  private let state = Mutex(State())
  private let bell = DispatchSemaphore(value: 0)
  private let bound: Int

  init(bound: Int) {
    self.bound = bound
  }

  /// Why the operation was not taken, or `nil` when it was.
  func post(_ operation: StoreOperation) -> StoreError? {
    let (refusal, rings) = state.withLock { state -> (StoreError?, Bool) in
      guard !state.isClosed else { return (.closed, false) }
      guard state.operations.count < bound else { return (.crowded, false) }
      state.operations.append(operation)
      return (nil, wake(&state))
    }
    if rings { bell.signal() }
    return refusal
  }

  func stir() {
    let rings = state.withLock { state in
      state.isStirred = true
      return wake(&state)
    }
    if rings { bell.signal() }
  }

  /// Lets the writer finish what is here and stop.
  func close() {
    let rings = state.withLock { state in
      state.isClosed = true
      return wake(&state)
    }
    if rings { bell.signal() }
  }

  private func wake(_ state: inout sending State) -> Bool {
    defer { state.isWriterAsleep = false }
    return state.isWriterAsleep
  }

  /// Everything that waits, once there is something; nothing when `timeout` passes first.
  func take(timeout: DispatchTimeInterval) -> Delivery {
    if let delivery = takeWhatIsThere(mayBeEmpty: false) { return delivery }
    _ = bell.wait(timeout: .now() + timeout)
    return takeWhatIsThere(mayBeEmpty: true)
      ?? Delivery(operations: [], isStirred: false, isLast: false)
  }

  private func takeWhatIsThere(mayBeEmpty: Bool) -> Delivery? {
    state.withLock { state in
      let isEmpty = state.operations.isEmpty && !state.isStirred && !state.isClosed
      guard !isEmpty || mayBeEmpty else {
        state.isWriterAsleep = true
        return nil
      }
      state.isWriterAsleep = false
      defer {
        state.operations = []
        state.isStirred = false
      }
      return Delivery(
        operations: state.operations,
        isStirred: state.isStirred,
        isLast: state.isClosed
      )
    }
  }
}
