/// One number that was measured, beside what the machine itself allows.
struct Figure: Sendable {
  let name: String
  var value: Double
  let unit: String
  /// The same work without the product around it, measured in the same run; `nil` when there is none.
  var floor: Double?
  /// The circumstances, in the order they are shown.
  var config: [(name: String, value: Double)] = []

  /// What the value is of the floor, or of what was left of it; `nil` without a floor.
  var ratio: Double? {
    floor.flatMap { $0 > 0 ? value / $0 : nil }
  }

  /// The figure as one line of JSON.
  var line: String {
    let members = config.map { "\"\($0.name)\": \($0.value.short)" }.joined(separator: ", ")
    return """
      {"name": "\(name)", "value": \(value.short), "unit": "\(unit)", \
      "floor": \(floor?.short ?? "null"), "ratio": \(ratio?.short ?? "null"), \
      "config": {\(members)}}
      """
  }

  /// The figure whose value lies in the middle, with its own floor and circumstances.
  static func median(of figures: [Figure]) -> Figure {
    figures.sorted { $0.value < $1.value }[figures.count / 2]
  }
}

extension Double {
  /// Four digits, or all of those before the point.
  fileprivate var short: String {
    guard isFinite else { return "null" }
    guard magnitude < 1_000 else { return "\(Int(rounded()))" }
    let scale = magnitude >= 100 ? 10.0 : magnitude >= 10 ? 100 : 1_000
    let rounded = (self * scale).rounded() / scale
    return Int(exactly: rounded).map { "\($0)" } ?? "\(rounded)"
  }
}

extension [Double] {
  /// The value below which `part` of them lie, the nearest rank; there must be at least one.
  func percentile(_ part: Double) -> Double {
    let rank = Int((part * Double(count)).rounded(.up)) - 1
    return sorted()[Swift.max(0, Swift.min(rank, count - 1))]
  }
}
