/// A schedule between a start and an end, counted from an anchor: all the occurrences of a trigger.
///
/// The answers cost the same whether a day or a year has passed: nothing is enumerated.
package struct Recurrence: Sendable, Hashable {
  package let schedule: Schedule
  /// The first instant at which an occurrence may lie, or `nil` for no bound.
  package let start: Timestamp?
  /// The last instant at which an occurrence may lie, or `nil` for no bound.
  package let end: Timestamp?
  /// How many occurrences may become tasks in all, or `nil` for no bound; at least 1.
  package let repeats: Int?
  /// From where `@every` counts, and `after` for its first occurrence, which is one interval later.
  package let anchor: Timestamp

  /// The recurrence as it was stored.
  ///
  /// `anchor` is the one that the recurrence had when it was created. Instants outside the years
  /// 1970 to 9999 count as the nearest within.
  package init(
    _ schedule: Schedule,
    start: Timestamp? = nil,
    end: Timestamp? = nil,
    repeats: Int? = nil,
    anchor: Timestamp
  ) {
    self.schedule = schedule
    self.start = start?.clamped
    self.end = end?.clamped
    self.repeats = repeats
    self.anchor = anchor.clamped
  }

  /// A new recurrence, created or edited at `now`, which must have an occurrence after it.
  ///
  /// Its anchor is `start` if there is one, else `now`; `after` has not waited before `now` either way.
  package init(
    _ schedule: Schedule,
    start: Timestamp? = nil,
    end: Timestamp? = nil,
    repeats: Int? = nil,
    createdAt now: Timestamp
  ) throws(ScheduleError) {
    var anchor = start ?? now
    if case .after = schedule.rule { anchor = max(anchor, now) }
    self.init(schedule, start: start, end: end, repeats: repeats, anchor: anchor)
    try validate(at: now)
  }

  private func validate(at now: Timestamp) throws(ScheduleError) {
    if let repeats, repeats < 1 {
      throw ScheduleError(.repeats, "repeats must be at least 1, not \(repeats)")
    }
    if let start, let end, end < start {
      throw ScheduleError(.emptyWindow, "the end \(end) lies before the start \(start)")
    }
    guard next(after: now) == nil else { return }
    if case .at(let instant) = schedule.rule, instant <= now {
      throw ScheduleError(.inPast, "the time \(instant) has passed; it is \(now) now")
    }
    guard start != nil || end != nil else {
      throw ScheduleError(.neverFires, "the schedule has no occurrence within 400 years")
    }
    let from = max(start ?? now, now)
    let to = end.map { "to \($0)" } ?? "on"
    throw ScheduleError(.emptyWindow, "the schedule has no occurrence from \(from) \(to)")
  }
}

extension Recurrence {
  /// The first occurrence strictly after `instant`, or `nil` when there is none.
  ///
  /// `tasks` says how many have become tasks already. For `after` only the first occurrence is
  /// known in advance; the others come from `next(afterCompletion:)`.
  package func next(after instant: Timestamp, tasks: Int = 0) -> Timestamp? {
    if let repeats, tasks >= repeats { return nil }
    let beforeStart = Timestamp(microseconds: (start ?? .epoch).microseconds - 1)
    guard let next = unboundedNext(after: max(instant, beforeStart)), isBeforeEnd(next) else {
      return nil
    }
    return next
  }

  /// When `after` is due again, now that its task ended at `completion`; `nil` when it is over, or
  /// for the other rules.
  package func next(afterCompletion completion: Timestamp, tasks: Int = 0) -> Timestamp? {
    guard case .after(let delay) = schedule.rule, tasks < repeats ?? .max else { return nil }
    let next = max(completion + delay, start ?? .epoch)
    return isBeforeEnd(next) ? next : nil
  }

  /// The last occurrence at or before `instant`, or `nil` when there is none.
  package func previous(atOrBefore instant: Timestamp) -> Timestamp? {
    let last = min(instant, end ?? .distantFuture)
    guard let previous = unboundedPrevious(atOrBefore: last), previous >= start ?? .epoch else {
      return nil
    }
    return previous
  }

  /// How many occurrences lie after `first` and up to and including `last`.
  package func count(after first: Timestamp, through last: Timestamp) -> Int {
    let first = max(first, Timestamp(microseconds: (start ?? .epoch).microseconds - 1))
    let last = min(last, end ?? .distantFuture)
    guard first < last else { return 0 }
    switch schedule.rule {
    case .cron(let cron):
      return Int(cron.count(after: first.second, through: last.second, in: schedule.zone))
    case .every(let interval):
      return Int(multiples(of: interval, through: last) - multiples(of: interval, through: first))
    case .after, .at:
      guard let only = unboundedNext(after: first) else { return 0 }
      return only <= last ? 1 : 0
    }
  }

  /// The next `count` occurrences strictly after `instant`, fewer when there are no more.
  ///
  /// `tasks` says how many have become tasks already; at most 1,000 are listed.
  package func preview(count: Int, after instant: Timestamp, tasks: Int = 0) -> [Timestamp] {
    let left = repeats.map { max(0, $0 - tasks) } ?? .max
    var found: [Timestamp] = []
    var instant = instant
    while found.count < min(count, left, 1_000), let next = next(after: instant) {
      found.append(next)
      instant = next
    }
    return found
  }

  /// The newest occurrences after `first` and up to and including `last`, oldest first.
  package func newest(
    _ count: Int,
    after first: Timestamp,
    through last: Timestamp
  ) -> [Timestamp] {
    var found: [Timestamp] = []
    var last = last
    while found.count < count, let previous = previous(atOrBefore: last), previous > first {
      found.append(previous)
      last = Timestamp(microseconds: previous.microseconds - 1)
    }
    return found.reversed()
  }

  private func isBeforeEnd(_ instant: Timestamp) -> Bool {
    instant <= end ?? .distantFuture
  }
}

/// The rules without start, end and repeats.
extension Recurrence {
  private func unboundedNext(after instant: Timestamp) -> Timestamp? {
    guard instant < .distantFuture else { return nil }
    switch schedule.rule {
    case .cron(let cron):
      return cron.next(after: instant.second, in: schedule.zone).map(Timestamp.init(seconds:))
    case .every(let interval):
      return occurrence(multiples(of: interval, through: instant) + 1, of: interval)
    case .after(let delay):
      let first = anchor + delay
      return first > instant ? first : nil
    case .at(let only): return only > instant ? only : nil
    }
  }

  private func unboundedPrevious(atOrBefore instant: Timestamp) -> Timestamp? {
    guard instant >= .epoch else { return nil }
    switch schedule.rule {
    case .cron(let cron):
      return cron.previous(through: instant.second, in: schedule.zone).map(Timestamp.init(seconds:))
    case .every(let interval):
      let number = multiples(of: interval, through: instant)
      return number > 0 ? occurrence(number, of: interval) : nil
    case .after(let delay):
      let first = anchor + delay
      return first <= instant ? first : nil
    case .at(let only): return only <= instant ? only : nil
    }
  }

  /// How many occurrences of `@every` lie at or before `instant`.
  private func multiples(of interval: Duration, through instant: Timestamp) -> Int64 {
    guard instant > anchor else { return 0 }
    return (instant - anchor).microseconds / interval.microseconds
  }

  private func occurrence(_ number: Int64, of interval: Duration) -> Timestamp {
    anchor + .microseconds(number * interval.microseconds)
  }
}

extension Timestamp {
  /// The whole second that the instant lies in.
  var second: Int64 { floorDivide(microseconds, by: 1_000_000) }

  /// The nearest instant that a schedule may name.
  fileprivate var clamped: Timestamp { min(max(self, .epoch), .distantFuture) }
}
