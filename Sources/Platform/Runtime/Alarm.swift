@unsafe @preconcurrency import Dispatch
import Synchronization

/// Wakes one sleeping task: at a time, or earlier when somebody rings.
///
/// A ring while nobody sleeps is remembered and ends the next wait at once; one ring too many only
/// makes its owner look once for nothing.
package final class Alarm: Sendable {
  private struct State {
    var hasRung = false
    var sleeper: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())
  private let timer: any DispatchSourceTimer

  package init() {
    timer = DispatchSource.makeTimerSource(flags: .strict, queue: .global(qos: .userInteractive))
    timer.setEventHandler { [weak self] in self?.ring() }
    timer.resume()
  }

  deinit {
    timer.cancel()
  }

  /// Callable from any thread.
  package func ring() {
    let sleeper = state.withLock { state in
      defer { state.sleeper = nil }
      if state.sleeper == nil { state.hasRung = true }
      return state.sleeper
    }
    sleeper?.resume()
  }

  /// Suspends until a ring, or for `wait`, or until the task is cancelled.
  package func wait(atMost wait: Duration) async {
    timer.schedule(
      deadline: .now() + .microseconds(Int(wait / .microseconds(1))),
      leeway: .nanoseconds(0)
    )
    await withTaskCancellationHandler {
      await withCheckedContinuation { sleeper in
        let mustWait = state.withLock { state in
          guard !state.hasRung else {
            state.hasRung = false
            return false
          }
          state.sleeper = sleeper
          return true
        }
        if !mustWait { sleeper.resume() }
      }
    } onCancel: {
      ring()
    }
  }
}
