import Engine
import Store

/// What `Timekeeper` does with its timetable, as events instead of a loop.
final class SimulatedTimekeeper<Entry: TimetableEntry> {
  typealias Load = (Entry?, Timestamp, Int, @escaping ([Entry]?) -> Void) -> Void
  typealias Act = ([Entry], @escaping (Bool) -> Void) -> Void

  private let batch = 2_048
  private weak var server: SimulatedServer?
  private let load: Load
  private let act: Act
  private var timetable = Timetable<Entry>()
  /// Waits for the store, or for a second after it failed.
  private var isBusy = false
  /// Something came in first place meanwhile.
  private var hasRung = false
  /// Counts the waits, so that one which was cut short does not end the next.
  private var wait = 0

  init() {
    load = { _, _, _, _ in }
    act = { _, _ in }
  }

  /// `load` reads what is next of the store, `nil` when that failed; `act` does what is due.
  init(_ server: SimulatedServer, load: @escaping Load, act: @escaping Act) {
    self.server = server
    self.load = load
    self.act = act
  }

  func note(_ entry: Entry) {
    if timetable.note(entry) { ring() }
  }

  /// Reads everything anew, as after a step of the clock.
  func reset() {
    timetable.reset()
    ring()
  }

  private func ring() {
    hasRung = true
    guard !isBusy else { return }
    server?.later(.zero) { [self] in turn() }
  }

  func turn() {
    guard !isBusy, let server else { return }
    hasRung = false
    if let stretch = timetable.stretchToLoad(at: server.wall) {
      isBusy = true
      load(stretch.after, stretch.through, Entry.stretchLimit) { [self] entries in
        isBusy = false
        guard let entries else {
          timetable.loadFailed()
          return pause()
        }
        timetable.loaded(entries, through: stretch.through)
        turn()
      }
      return
    }
    let due = timetable.takeDue(at: server.wall, limit: batch)
    guard due.isEmpty else {
      isBusy = true
      return act(due) { [self] isDone in
        isBusy = false
        guard isDone else {
          timetable.reset()
          return pause()
        }
        turn()
      }
    }
    sleep()
  }

  private func sleep() {
    guard let server else { return }
    let pause = timetable.next.map { $0 - server.wall } ?? .seconds(1)
    wait += 1
    let wait = wait
    server.later(hasRung ? .zero : max(.microseconds(1), min(pause, .seconds(1)))) { [self] in
      if self.wait == wait { turn() }
    }
  }

  /// The store did not do its part; it is asked again a second later.
  private func pause() {
    isBusy = true
    server?.later(.seconds(1)) { [self] in
      isBusy = false
      turn()
    }
  }
}
