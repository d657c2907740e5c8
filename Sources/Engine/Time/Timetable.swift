/// Something with a time, in a timetable.
package protocol TimetableEntry: Sendable {
  var at: Timestamp { get }
  /// A mark behind every entry of an instant, for reading on from there.
  static func last(at: Timestamp) -> Self
  /// How far a stretch reaches that is read now; at least `Timetable.reach` ahead.
  static func horizon(at now: Timestamp) -> Timestamp
  /// The most entries one stretch may bring.
  static var stretchLimit: Int { get }
}

extension TimetableEntry {
  package static func horizon(at now: Timestamp) -> Timestamp { now + Timetable<Self>.reach }
  package static var stretchLimit: Int { 20_000 }
}

/// What is due soon, taken from a store a stretch at a time.
///
/// It is a plan, not the truth: an entry may be out of date, and whoever acts on it looks again.
/// Entries beyond the stretch are left to the store until the next one is loaded.
package struct Timetable<Entry: TimetableEntry>: Sendable {
  /// How far ahead there is to look at least.
  package static var reach: Duration { .seconds(3) }

  private var heap: [Entry] = []
  /// Up to here, inclusive, every entry of the store is in the timetable.
  private var loadedThrough: Timestamp?
  /// Where to read on.
  private var cursor: Entry?
  /// What was noted while a stretch is being read, which may be too late for the reader to see it;
  /// `nil` when none is being read.
  private var meanwhile: [Entry]?

  package init() {}

  package var count: Int { heap.count }
  package var next: Timestamp? { heap.first?.at }

  /// The stretch to load now: after an entry (from the beginning when `nil`) and up to an instant.
  ///
  /// It must be asked for before the store is read; `loaded`, `loadFailed` or `reset` follows.
  package mutating func stretchToLoad(at now: Timestamp) -> (after: Entry?, through: Timestamp)? {
    guard let stretch = nextStretch(at: now) else { return nil }
    meanwhile = []
    return stretch
  }

  private func nextStretch(at now: Timestamp) -> (after: Entry?, through: Timestamp)? {
    guard let loadedThrough else { return (nil, Entry.horizon(at: now)) }
    guard loadedThrough < now + Self.reach / 2, heap.count <= Entry.stretchLimit / 2 else {
      return nil
    }
    return (cursor, Entry.horizon(at: now))
  }

  /// The stretch could not be read; what is here stays, and it is asked for again.
  package mutating func loadFailed() {
    meanwhile = nil
  }

  /// Adds the first entries of the store up to `through`, at most `Entry.stretchLimit` of them.
  ///
  /// A stretch that was asked for before a reset is dropped.
  package mutating func loaded(_ entries: [Entry], through: Timestamp) {
    guard let noted = meanwhile else { return }
    meanwhile = nil
    for entry in entries { push(entry) }
    if entries.count < Entry.stretchLimit {
      loadedThrough = through
      cursor = .last(at: through)
    } else {
      loadedThrough = entries.last?.at
      cursor = entries.last
    }
    for entry in noted { _ = note(entry) }
  }

  /// Notes an entry that was just written to the store; `true` when it is the next of all.
  package mutating func note(_ entry: Entry) -> Bool {
    guard let loadedThrough, entry.at <= loadedThrough else {
      meanwhile?.append(entry)
      return false
    }
    let isNext = next.map { entry.at < $0 } ?? true
    push(entry)
    return isNext
  }

  /// Takes out what is due at `now`, earliest first, at most `limit` entries.
  package mutating func takeDue(at now: Timestamp, limit: Int) -> [Entry] {
    var due: [Entry] = []
    while due.count < limit, let first = heap.first, first.at <= now {
      due.append(pop())
    }
    return due
  }

  /// Forgets everything, as after a step of the clock; the next stretch starts at the beginning.
  package mutating func reset() {
    heap.removeAll()
    loadedThrough = nil
    cursor = nil
    meanwhile = nil
  }

  private mutating func push(_ entry: Entry) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0, heap[child].at < heap[(child - 1) / 2].at {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func pop() -> Entry {
    heap.swapAt(0, heap.count - 1)
    let entry = heap.removeLast()
    var parent = 0
    while true {
      let left = 2 * parent + 1
      guard left < heap.count else { return entry }
      let right = left + 1
      let child = right < heap.count && heap[right].at < heap[left].at ? right : left
      guard heap[child].at < heap[parent].at else { return entry }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}
