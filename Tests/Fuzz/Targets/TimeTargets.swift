import Engine

extension FuzzTarget {
  /// What people write for times and durations.
  static let times = [
    FuzzTarget("duration", longest: 96) { input in
      guard let duration = try? Duration(parsing: input.text) else { return }
      try demand(duration >= .zero, "\(duration) is negative")
      let again = try? Duration(parsing: duration.text)
      try demand(again == duration, "\(duration.text) reads as \(again as Any)")
    },
    FuzzTarget("time", longest: 64) { input in
      guard let time = try? Timestamp(parsing: input.text) else { return }
      let again = try? Timestamp(parsing: "\(time)")
      try demand(again == time, "\(time) reads as \(again as Any)")
    },
  ]
}
