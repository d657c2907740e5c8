import CEvent
import Foundation

/// One libevent event loop. Its events keep it, so it is freed after the last of them.
@safe final class EventBase {
  let handle: OpaquePointer

  /// Process-wide and once: locks for events woken from other threads, no chatter on standard error,
  /// and writes to a closed connection that fail instead of raising `SIGPIPE`.
  private static let prepared: Bool = {
    unsafe event_set_log_callback { _, _ in }
    _ = signal(SIGPIPE, SIG_IGN)
    return evthread_use_pthreads() == 0
  }()

  /// `nil` when the system gives no loop.
  init?() {
    guard Self.prepared, let config = unsafe event_config_new() else { return nil }
    defer { unsafe event_config_free(config) }
    // Reading is paused and resumed around every answer; the change list folds that into no call.
    let flag = Int32(EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST.rawValue)
    guard unsafe event_config_set_flag(config, flag) == 0,
      let handle = unsafe event_base_new_with_config(config)
    else { return nil }
    unsafe self.handle = handle
  }

  deinit { unsafe event_base_free(handle) }

  /// Runs until `stop`.
  func dispatch() {
    unsafe event_base_loop(handle, EVLOOP_NO_EXIT_ON_EMPTY)
  }

  /// Ends `dispatch` after the callback in hand. From the loop's thread.
  func stop() {
    unsafe event_base_loopbreak(handle)
  }

  /// Ends `dispatch` once `wait` is over. From the loop's thread.
  func stop(after wait: Duration) {
    var interval = timeval(wait)
    unsafe event_base_loopexit(handle, &interval)
  }
}

/// A callback into a `ServerLoop` that is due when woken or when its interval ends.
@safe final class LoopEvent {
  private let base: EventBase
  private let handle: OpaquePointer

  /// `nil` when memory is short. The loop must outlive the event.
  init?(on base: EventBase, _ loop: ServerLoop, _ callback: event_callback_fn) {
    let argument = unsafe Unmanaged.passUnretained(loop).toOpaque()
    let flags = Int16(EV_PERSIST)
    guard let handle = unsafe event_new(base.handle, -1, flags, callback, argument) else {
      return nil
    }
    self.base = base
    unsafe self.handle = handle
    unsafe event_add(handle, nil)
  }

  deinit { unsafe event_free(handle) }

  /// Makes the callback due now. From any thread.
  func wake() {
    unsafe event_active(handle, Int32(EV_READ), 0)
  }

  /// Makes the callback due whenever `interval` has passed.
  func `repeat`(every interval: Duration) {
    var interval = timeval(interval)
    unsafe event_add(handle, &interval)
  }
}

extension timeval {
  /// Rounded up to whole microseconds, and at least one: none would mean no time limit.
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let microseconds = max(
      1,
      seconds * 1_000_000 + (attoseconds + 999_999_999_999) / 1_000_000_000_000
    )
    self.init(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
  }
}
