import Engine

/// When a trigger is due, reckoned apart from the engine: whole seconds in UTC and nothing else.
struct RuleModel {
  enum Rhythm {
    /// Multiples of so many microseconds after the anchor.
    case every(Int64, anchor: Timestamp)
    /// These seconds of each minute.
    case seconds(Set<Int64>)
    case once(Timestamp)
    /// So long after the end of the task before; no fixed instants.
    case after(Duration)
  }

  let rhythm: Rhythm
  private let start: Timestamp?
  private let end: Timestamp?

  /// Reads a definition that took effect at `now`.
  init(_ definition: TriggerDefinition, at now: Timestamp) {
    start = definition.start
    end = definition.end
    let words = definition.schedule.split(separator: " ").map(String.init)
    switch words[0] {
    case "@every":
      rhythm = .every(RuleModel.seconds(words[1]) * 1_000_000, anchor: definition.start ?? now)
    case "after": rhythm = .after(.seconds(RuleModel.seconds(words[1])))
    case "at": rhythm = .once((try? Timestamp(parsing: words[1])) ?? now)
    default: rhythm = .seconds(RuleModel.matching(words[0]))
    }
  }

  private static func seconds(_ text: String) -> Int64 {
    Int64(text.dropLast()) ?? 0
  }

  /// The seconds that a field of a cron expression names: `*/n` or a list.
  private static func matching(_ field: String) -> Set<Int64> {
    if let step = Int64(field.dropFirst(2)), field.hasPrefix("*/") {
      return Set(stride(from: 0, to: 60, by: Int(step)).map(Int64.init))
    }
    return Set(field.split(separator: ",").compactMap { Int64($0) })
  }

  var delay: Duration? {
    if case .after(let delay) = rhythm { delay } else { nil }
  }

  /// The next fire of a fixed delay that begins at `time`; none when it is over by then.
  func fires(delayedFrom time: Timestamp) -> [Timestamp] {
    guard let delay else { return [] }
    let fire = max(time + delay, start ?? time)
    return end.map { fire <= $0 } ?? true ? [fire] : []
  }

  /// The instants after `first` and up to `last`, in order.
  func occurrences(after first: Timestamp, through last: Timestamp) -> [Timestamp] {
    let last = min(last, end ?? last)
    guard first < last else { return [] }
    switch rhythm {
    case .every(let interval, let anchor):
      let reached = max(0, (first - anchor).microseconds / interval)
      return collect(from: max(1, reached), through: last, after: first) {
        anchor + .microseconds($0 * interval)
      }
    case .seconds(let seconds):
      return collect(from: first.microseconds / 1_000_000, through: last, after: first) {
        seconds.contains($0 % 60) ? Timestamp(seconds: $0) : nil
      }
    case .once(let only):
      return only > first && only <= last && only >= start ?? only ? [only] : []
    case .after: return []
    }
  }

  private func collect(
    from number: Int64,
    through last: Timestamp,
    after first: Timestamp,
    _ instant: (Int64) -> Timestamp?
  ) -> [Timestamp] {
    var found: [Timestamp] = []
    var number = number
    while true {
      defer { number += 1 }
      guard let time = instant(number) else { continue }
      if time > last { return found }
      if time > first, time >= start ?? time { found.append(time) }
    }
  }

  func isOccurrence(_ time: Timestamp) -> Bool {
    occurrences(after: time.predecessor, through: time) == [time]
  }
}
