import Engine
import TompionTesting

/// What is going to happen, by virtual time; the seed decides the order of what happens at one instant.
final class EventQueue {
  private struct Event {
    let at: Int64
    let tie: UInt64
    let action: () -> Void

    static func < (first: Event, second: Event) -> Bool {
      (first.at, first.tie) < (second.at, second.tie)
    }
  }

  private var heap: [Event] = []
  private var random: SeededRandom
  private let clock: HostClock
  /// Microseconds since the simulation began.
  private(set) var now: Int64 = 0

  /// `clock` moves along with virtual time.
  init(seed: UInt64, clock: HostClock) {
    random = SeededRandom(seed: seed)
    self.clock = clock
  }

  /// Has `action` happen `delay` from now.
  func schedule(after delay: Duration, _ action: @escaping () -> Void) {
    schedule(at: now + max(0, delay.microseconds), action)
  }

  func schedule(at time: Int64, _ action: @escaping () -> Void) {
    heap.append(Event(at: max(time, now), tie: random.next(), action: action))
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Moves on to the next event and lets it happen; `false` when there is none.
  func step() -> Bool {
    guard let event = pop() else { return false }
    now = event.at
    clock.advance(to: now)
    event.action()
    return true
  }

  /// Forgets everything, so that nobody is kept by what will not happen.
  func removeAll() {
    heap = []
  }

  private func pop() -> Event? {
    guard !heap.isEmpty else { return nil }
    heap.swapAt(0, heap.count - 1)
    let event = heap.removeLast()
    var parent = 0
    while true {
      let left = 2 * parent + 1
      guard left < heap.count else { return event }
      let right = left + 1
      let child = right < heap.count && heap[right] < heap[left] ? right : left
      guard heap[child] < heap[parent] else { return event }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}
