internal import Dispatch
internal import Foundation
internal import Synchronization

/// A thread that does what is due, and sleeps until something is: never one of those that handlers
/// can block.
final class TimerThread: Sendable {
  private let wakeUp = DispatchSemaphore(value: 0)
  private let isAwake = Atomic<Bool>(false)

  /// Starts the thread. `work` is called when due and after `wake()`; it returns how long it may sleep,
  /// or `nil` to end the thread.
  func start(name: String, _ work: @escaping @Sendable () -> Duration?) {
    let thread = Thread { [self] in
      while let pause = work() { sleep(pause) }
    }
    thread.name = name
    thread.start()
  }

  /// Has the work looked at once more, soon. Cheap, and coalesced.
  func wake() {
    guard !isAwake.exchange(true, ordering: .acquiringAndReleasing) else { return }
    wakeUp.signal()
  }

  /// At most a second, so that a machine that was suspended notices how late it is.
  private func sleep(_ pause: Duration) {
    let pause = min(max(pause, .zero), .seconds(1))
    let timeout = DispatchTime.now() + .microseconds(Int(pause.wholeMicroseconds) + 1)
    _ = wakeUp.wait(timeout: timeout)
    isAwake.store(false, ordering: .releasing)
  }
}
