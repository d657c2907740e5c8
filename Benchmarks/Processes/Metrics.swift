/// What `/metrics` said at one moment.
struct Metrics: Sendable {
  private var samples: [String: Double] = [:]
  /// In the order of the page.
  private var names: [String] = []

  init(_ page: String) {
    for line in page.split(separator: "\n") where !line.hasPrefix("#") {
      guard let space = line.lastIndex(of: " "),
        let value = Double(line[line.index(after: space)...])
      else { continue }
      let name = String(line[..<space])
      names.append(name)
      samples[name] = value
    }
  }

  subscript(name: String) -> Double { samples[name] ?? 0 }

  /// Slots that ran to completion.
  var completed: Int { Int(self["tompion_moves_total{to=\"RunToCompletion\"}"]) }

  /// The histogram `name`: how many values lie at or below each bound.
  func histogram(_ name: String) -> [(bound: Double, count: Double)] {
    let prefix = "\(name)_bucket{le=\""
    return names.compactMap { sample in
      guard sample.hasPrefix(prefix) else { return nil }
      let bound = sample.dropFirst(prefix.count).prefix { $0 != "\"" }
      return (bound == "+Inf" ? .infinity : Double(bound) ?? .nan, self[sample])
    }
  }
}

/// What a histogram gained between two moments.
struct HistogramGain: Sendable {
  /// How many values lie at or below each bound.
  private let buckets: [(bound: Double, count: Double)]

  init(of name: String, from before: Metrics, to after: Metrics) {
    buckets = zip(before.histogram(name), after.histogram(name)).map { before, after in
      (after.bound, after.count - before.count)
    }
  }

  var count: Double { buckets.last?.count ?? 0 }

  /// The smallest bound that `part` of all values did not exceed: they may have been smaller, by as
  /// much as their bucket is wide, and were not larger. Infinite beyond the last finite bound.
  func bound(_ part: Double) -> Double {
    buckets.first { $0.count >= part * count }?.bound ?? .infinity
  }
}
