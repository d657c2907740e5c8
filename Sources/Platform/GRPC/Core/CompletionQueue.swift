import CGRPC
import Foundation
import Synchronization

/// Whoever starts operations and is told, on the queue's thread, when they complete.
class CompletionReceiver: @unchecked Sendable {
  /// Counts the tags handed out. What was written before a tag left is seen where it comes back; gRPC
  /// sees to that as well, but out of sight of the thread sanitizer.
  fileprivate let tagsGiven = Atomic(0)

  /// Operation number `operation` completed; `ok` is false when it could not do its work.
  func completed(_ operation: Int, ok: Bool) {
    preconditionFailure("\(type(of: self)) started operation \(operation) but does not receive it")
  }
}

/// A receiver and one of its operations, in the single pointer that gRPC carries for us.
///
/// The receiver is retained until the tag comes back. Objects are aligned to 16 bytes, so the lowest
/// four bits are free to hold the operation: a number from 0 to 15.
@safe struct Tag {
  let raw: UnsafeMutableRawPointer

  init(_ receiver: CompletionReceiver, _ operation: Int) {
    receiver.tagsGiven.wrappingAdd(1, ordering: .releasing)
    unsafe raw = Unmanaged.passRetained(receiver).toOpaque() + operation
  }

  init(returned raw: UnsafeMutableRawPointer) {
    unsafe self.raw = raw
  }

  /// Hands the completion to the receiver and lets go of it.
  func deliver(ok: Bool) {
    let operation = unsafe Int(bitPattern: raw) & 15
    let receiver = take(operation)
    _ = receiver.tagsGiven.load(ordering: .acquiring)
    receiver.completed(operation, ok: ok)
  }

  /// Lets go of the receiver of an operation that never started.
  func discard() {
    _ = unsafe take(Int(bitPattern: raw) & 15)
  }

  private func take(_ operation: Int) -> CompletionReceiver {
    unsafe Unmanaged<CompletionReceiver>.fromOpaque(raw - operation).takeRetainedValue()
  }
}

/// A completion queue and the one thread that drains it, on which all its receivers run.
///
/// The thread ends once the queue is shut down and every operation started on it has completed.
@safe final class CompletionQueue: @unchecked Sendable {
  let raw: OpaquePointer
  let library: GRPCLibrary
  private let open = Mutex(true)
  private let thread = QueueThread()

  /// `whenStopped` runs once, last, on the queue's thread: nothing of the queue is left by then.
  init(name: String, whenStopped: @escaping @Sendable () -> Void = {}) {
    library = GRPCLibrary()
    unsafe raw = grpc_completion_queue_create_for_next(nil)
    unsafe Self.startThread(thread, name, raw: raw, library: library, whenStopped: whenStopped)
  }

  /// Whether the caller runs on the thread that drains the queue.
  var isOnThread: Bool { thread.isCurrent }

  deinit { shutdown() }

  /// Asks the thread to end. No operation may be started from here on.
  func shutdown() {
    let first = open.withLock { open in
      defer { open = false }
      return open
    }
    if first { unsafe grpc_completion_queue_shutdown(raw) }
  }

  /// The thread must not hold the queue's owner: letting go of that is what ends the thread.
  private static func startThread(
    _ identity: QueueThread,
    _ name: String,
    raw: OpaquePointer,
    library: GRPCLibrary,
    whenStopped: @escaping @Sendable () -> Void
  ) {
    nonisolated(unsafe) let raw = unsafe raw
    let held = Mutex<GRPCLibrary?>(library)
    let thread = Thread {
      Thread.current.name = name  // Given before the start, it would not reach the system.
      identity.begin()
      unsafe drain(raw)
      unsafe grpc_completion_queue_destroy(raw)
      held.withLock { $0 = nil }
      whenStopped()
    }
    thread.start()
  }

  private static func drain(_ raw: OpaquePointer) {
    let never = gpr_inf_future(GPR_CLOCK_MONOTONIC)
    while true {
      let event = unsafe grpc_completion_queue_next(raw, never, nil)
      guard unsafe event.type != GRPC_QUEUE_SHUTDOWN else { return }
      guard unsafe event.type == GRPC_OP_COMPLETE, let tag = unsafe event.tag else { continue }
      unsafe Tag(returned: tag).deliver(ok: event.success != 0)
    }
  }
}

/// Which thread drains a queue.
private final class QueueThread: Sendable {
  private let number = Atomic<UInt>(0)

  func begin() {
    number.store(UInt(pthread_self()), ordering: .relaxed)
  }

  /// Other threads may read an old value, but none reads its own number before it has begun.
  var isCurrent: Bool { number.load(ordering: .relaxed) == UInt(pthread_self()) }
}
