/// The Prometheus text exposition format, version 0.0.4.
package struct MetricsText: Sendable {
  /// What an answer with this text declares as its type.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var text = ""
  private var name = ""
  private var labels: [String] = []

  mutating func add(_ metric: RegisteredMetric) {
    name = metric.name
    labels = metric.labels
    text += "# HELP \(name) \(Self.escape(metric.help, quotes: false))\n"
    text += "# TYPE \(name) \(metric.type)\n"
    metric.write(&self)
  }

  mutating func sample(_ values: [String], _ value: String) {
    line("", values, bound: nil, value)
  }

  mutating func histogram(_ values: [String], _ histogram: Histogram) {
    let snapshot = histogram.snapshot
    var total: UInt64 = 0
    for (bound, count) in zip(histogram.bounds + [.infinity], snapshot.counts) {
      total &+= count
      line("_bucket", values, bound: bound.sampleText, "\(total)")
    }
    line("_sum", values, bound: nil, snapshot.sum.sampleText)
    line("_count", values, bound: nil, "\(total)")
  }

  private mutating func line(
    _ suffix: String,
    _ values: [String],
    bound: String?,
    _ value: String
  ) {
    var pairs = zip(labels, values).map { "\($0)=\"\(Self.escape($1, quotes: true))\"" }
    if let bound { pairs.append("le=\"\(bound)\"") }
    let selector = pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
    text += "\(name)\(suffix)\(selector) \(value)\n"
  }

  private static func escape(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

extension Double {
  /// As Prometheus reads it: `+Inf`, `-Inf`, `NaN`, and whole numbers without a fraction.
  var sampleText: String {
    if isNaN { return "NaN" }
    if isInfinite { return self > 0 ? "+Inf" : "-Inf" }
    return Int64(exactly: self).map { "\($0)" } ?? "\(self)"
  }
}
