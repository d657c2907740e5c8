internal import Synchronization

/// The metrics of a process, and their text for Prometheus.
///
/// Names and labels are part of the program, so a name that breaks the rules, or is taken, is a bug
/// and stops it. Label values come from anywhere; how many of them a metric may have is bounded.
package final class MetricsRegistry: Sendable {
  /// How many series one metric may have unless it says otherwise.
  package static let seriesLimit = 1000
  /// Counts, for each metric, the lookups whose label values found no room.
  package static let overflowName = "metrics_label_overflows_total"

  private struct State {
    var metrics: [RegisteredMetric] = []
    var names: Set<String> = [MetricsRegistry.overflowName]
  }

  private let state = Mutex(State())

  package init() {}

  package func counter(_ name: String, help: String) -> Counter {
    counters(name, help: help, labels: []).with()
  }

  package func counters(
    _ name: String,
    help: String,
    labels: [String],
    seriesLimit: Int = MetricsRegistry.seriesLimit
  ) -> MetricFamily<Counter> {
    let family = MetricFamily(labelCount: labels.count, limit: seriesLimit) { Counter() }
    return register(family, name, help, "counter", labels) { values, series, text in
      text.sample(values, "\(series.value)")
    }
  }

  package func gauge(_ name: String, help: String) -> Gauge {
    gauges(name, help: help, labels: []).with()
  }

  package func gauges(
    _ name: String,
    help: String,
    labels: [String],
    seriesLimit: Int = MetricsRegistry.seriesLimit
  ) -> MetricFamily<Gauge> {
    let family = MetricFamily(labelCount: labels.count, limit: seriesLimit) { Gauge() }
    return register(family, name, help, "gauge", labels) { values, series, text in
      text.sample(values, series.value.sampleText)
    }
  }

  /// A gauge that is asked for its value whenever the metrics are rendered.
  package func gauge(_ name: String, help: String, read: @escaping @Sendable () -> Double) {
    add(
      RegisteredMetric(name: name, help: help, type: "gauge", labels: []) { text in
        text.sample([], read().sampleText)
      }
    )
  }

  package func histogram(
    _ name: String,
    help: String,
    bounds: [Double] = Histogram.seconds
  ) -> Histogram {
    histograms(name, help: help, labels: [], bounds: bounds).with()
  }

  package func histograms(
    _ name: String,
    help: String,
    labels: [String],
    bounds: [Double] = Histogram.seconds,
    seriesLimit: Int = MetricsRegistry.seriesLimit
  ) -> MetricFamily<Histogram> {
    let family = MetricFamily(labelCount: labels.count, limit: seriesLimit) {
      Histogram(bounds: bounds)
    }
    return register(family, name, help, "histogram", labels) { values, series, text in
      text.histogram(values, series)
    }
  }

  /// Every metric, by name, in the Prometheus text format 0.0.4.
  package func render() -> String {
    // Callbacks are somebody else's code, so nothing is held while they run.
    let metrics = state.withLock { $0.metrics }.sorted { $0.name < $1.name }
    var text = MetricsText()
    for metric in metrics { text.add(metric) }
    addOverflows(of: metrics, to: &text)
    return text.text
  }
}

/// One metric as the registry keeps it.
struct RegisteredMetric: Sendable {
  let name: String
  let help: String
  let type: String
  let labels: [String]
  /// How many lookups found no room for their labels.
  var overflowCount: @Sendable () -> UInt64 = { 0 }
  let write: @Sendable (inout MetricsText) -> Void
}

extension MetricsRegistry {
  private func register<Series>(
    _ family: MetricFamily<Series>,
    _ name: String,
    _ help: String,
    _ type: String,
    _ labels: [String],
    write: @escaping @Sendable ([String], Series, inout MetricsText) -> Void
  ) -> MetricFamily<Series> {
    var metric = RegisteredMetric(name: name, help: help, type: type, labels: labels) { text in
      for (values, series) in family.sorted { write(values, series, &text) }
    }
    metric.overflowCount = { family.overflowCount }
    add(metric)
    return family
  }

  private func add(_ metric: RegisteredMetric) {
    let name = metric.name
    precondition(MetricName.isMetric(name), "\(name) is no name for a metric")
    precondition(
      metric.labels.allSatisfy(MetricName.isLabel),
      "\(name) has a label with no valid name"
    )
    precondition(Set(metric.labels).count == metric.labels.count, "\(name) has a label twice")
    let suffixes = metric.type == "histogram" ? ["", "_bucket", "_sum", "_count"] : [""]
    state.withLock { state in
      for suffix in suffixes {
        let isNew = state.names.insert(name + suffix).inserted
        precondition(isNew, "the metric \(name + suffix) is registered twice")
      }
      state.metrics.append(metric)
    }
  }

  private func addOverflows(of metrics: [RegisteredMetric], to text: inout MetricsText) {
    let counts = metrics.map { ($0.name, $0.overflowCount()) }.filter { $0.1 > 0 }
    guard !counts.isEmpty else { return }
    let help = "Lookups of series whose labels found no room, by metric."
    text.add(
      RegisteredMetric(
        name: Self.overflowName,
        help: help,
        type: "counter",
        labels: ["metric"]
      ) { text in
        for (name, count) in counts { text.sample([name], "\(count)") }
      }
    )
  }
}
