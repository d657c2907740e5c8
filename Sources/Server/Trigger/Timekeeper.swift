package import Engine
import PlatformLogging
package import PlatformRuntime
import Synchronization

/// Keeps what is due within the next seconds and acts on it in time, never early.
///
/// Two of them run in a server: one fires triggers, one hands over tasks whose time has come.
package final class Timekeeper<Entry: TimetableEntry>: Service {
  /// The most entries acted on together.
  private let batch = 2_048

  private let clocks: Clocks
  private let logger: Logger
  private let timetable = Mutex(Timetable<Entry>())
  private let alarm = Alarm()
  private let load: @Sendable (Entry?, Timestamp, Int) async throws -> [Entry]
  private let act: @Sendable ([Entry]) async throws -> Void

  /// `load` reads entries after another (from the beginning when `nil`) and up to an instant, earliest
  /// first; `act`
  /// does what is due.
  package init(
    named name: String,
    clocks: Clocks,
    load: @escaping @Sendable (Entry?, Timestamp, Int) async throws -> [Entry],
    act: @escaping @Sendable ([Entry]) async throws -> Void
  ) {
    self.clocks = clocks
    self.load = load
    self.act = act
    logger = Logger(label: "tompion.\(name)")
  }

  /// Notes an entry that was just committed. Callable from any thread.
  package func note(_ entry: Entry) {
    if timetable.withLock({ $0.note(entry) }) { alarm.ring() }
  }

  /// Reads everything anew, as after a step of the clock.
  package func reset() {
    timetable.withLock { $0.reset() }
    alarm.ring()
  }

  package func run(until shutdown: @escaping Shutdown) async throws {
    try await cancelling(when: shutdown) {
      while !Task.isCancelled {
        do {
          try await self.turn()
        } catch is CancellationError {
          return
        } catch {
          self.logger.warning(
            "cannot do what is due, trying again",
            metadata: ["error": "\(error)"]
          )
          try await Task.sleep(for: .seconds(1))
        }
      }
    }
  }

  /// Loads if need be, acts on what is due, and sleeps until there is more, a second at the most.
  private func turn() async throws {
    try await refill()
    let now = clocks.wall()
    let due = timetable.withLock { $0.takeDue(at: now, limit: batch) }
    guard due.isEmpty else { return try await actOn(due) }
    let wait = timetable.withLock { $0.next }.map { $0 - clocks.wall() } ?? .seconds(1)
    guard wait > .zero else { return }
    await alarm.wait(atMost: min(wait, .seconds(1)))
    try Task.checkCancellation()
  }

  private func refill() async throws {
    guard let stretch = timetable.withLock({ $0.stretchToLoad(at: clocks.wall()) }) else { return }
    do {
      let entries = try await load(
        stretch.after,
        stretch.through,
        Entry.stretchLimit
      )
      timetable.withLock { $0.loaded(entries, through: stretch.through) }
    } catch {
      timetable.withLock { $0.loadFailed() }
      throw error
    }
  }

  /// What was taken out and not done is in the store still, and read anew.
  private func actOn(_ due: [Entry]) async throws {
    do {
      try await act(due)
    } catch {
      timetable.withLock { $0.reset() }
      throw error
    }
  }
}
