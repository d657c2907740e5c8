import Store
import Synchronization

/// Catches what an operation answers, so that it can be passed on when its time has come.
final class AnswerBox<Value: Sendable>: Sendable {
  private let held = Mutex<Result<Value, StoreError>?>(nil)

  func fill(_ result: Result<Value, StoreError>) {
    held.withLock { $0 = result }
  }

  var result: Result<Value, StoreError>? { held.withLock(\.self) }
}
