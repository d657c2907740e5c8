import PlatformMetrics
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MetricsTests {
  let registry = MetricsRegistry()

  @Test func `metrics are rendered by name with help and type`() {
    let tasks = registry.gauge("tasks_running", help: "Tasks at work.")
    let fires = registry.counter("fires_total", help: "Fires, by all triggers.")
    registry.gauge("cache_bytes", help: "Read when asked.") { 1.5 }
    tasks.set(3)
    tasks.add(-0.5)
    fires.increment()
    fires.increment(by: 41)
    #expect(
      registry.render() == """
        # HELP cache_bytes Read when asked.
        # TYPE cache_bytes gauge
        cache_bytes 1.5
        # HELP fires_total Fires, by all triggers.
        # TYPE fires_total counter
        fires_total 42
        # HELP tasks_running Tasks at work.
        # TYPE tasks_running gauge
        tasks_running 2.5

        """
    )
    #expect(MetricsText.contentType == "text/plain; version=0.0.4; charset=utf-8")
  }

  @Test func `series are ordered and their labels escaped`() {
    let runs = registry.counters(
      "runs_total",
      help: "A \\ and a\nbreak, \"quoted\".",
      labels: ["handler", "outcome"]
    )
    runs.with("b", "ok").increment()
    runs.with("a", "q\"b\\n\nz").increment(by: 2)
    runs.with("a", "ok").increment(by: 3)
    runs.with("b", "ok").increment()
    #expect(
      registry.render() == #"""
        # HELP runs_total A \\ and a\nbreak, "quoted".
        # TYPE runs_total counter
        runs_total{handler="a",outcome="ok"} 3
        runs_total{handler="a",outcome="q\"b\\n\nz"} 2
        runs_total{handler="b",outcome="ok"} 2

        """#
    )
  }

  @Test func `a histogram counts up to each bound and beyond`() {
    let waits = registry.histograms(
      "wait_seconds",
      help: "Waits.",
      labels: ["queue"],
      bounds: [0.1, 1, 2.5]
    )
    let queue = waits.with("q")
    for value in [0.05, 0.1, 0.5, 3] { queue.observe(value) }
    queue.observe(.milliseconds(2500))
    queue.observe(.nan)
    #expect(
      registry.render() == """
        # HELP wait_seconds Waits.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{queue="q",le="0.1"} 2
        wait_seconds_bucket{queue="q",le="1"} 3
        wait_seconds_bucket{queue="q",le="2.5"} 4
        wait_seconds_bucket{queue="q",le="+Inf"} 5
        wait_seconds_sum{queue="q"} 6.15
        wait_seconds_count{queue="q"} 5

        """
    )
    #expect(queue.snapshot.count == 5)
  }

  @Test(arguments: [
    (0.0, "0"), (-1, "-1"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
    (0.1, "0.1"), (1e300, "1e+300"), (123_456_789, "123456789"),
  ])
  func `numbers are written as Prometheus reads them`(value: Double, text: String) {
    registry.gauge("g", help: "").set(value)
    #expect(registry.render().hasSuffix("\ng \(text)\n"))
  }

  @Test func `labels beyond the limit share a series and are counted`() {
    let family = registry.counters("c_total", help: "C.", labels: ["l"], seriesLimit: 2)
    for value in ["a", "b", "c", "d", "a"] { family.with(value).increment() }
    #expect(family.with("c") === family.with("other"))
    #expect(
      registry.render() == """
        # HELP c_total C.
        # TYPE c_total counter
        c_total{l="a"} 2
        c_total{l="b"} 1
        c_total{l="other"} 2
        # HELP metrics_label_overflows_total Lookups of series whose labels found no room, by metric.
        # TYPE metrics_label_overflows_total counter
        metrics_label_overflows_total{metric="c_total"} 3

        """
    )
  }

  @Test func `a label value is cut at its limit`() {
    let family = registry.counters("c_total", help: "", labels: ["l"])
    let long = String(repeating: "x", count: 128)
    #expect(family.with(long + "y") === family.with(long + "z"))
  }

  @Test func `counts of many tasks are all kept`() async {
    let counter = registry.counter("c_total", help: "")
    let gauge = registry.gauge("g", help: "")
    let histogram = registry.histogram("h", help: "", bounds: [0.5])
    let family = registry.counters("f_total", help: "", labels: ["l"])
    await withDiscardingTaskGroup { group in
      for _ in 0..<4 {
        group.addTask {
          for number in 0..<1000 {
            counter.increment()
            gauge.add(1)
            histogram.observe(1)
            family.with("\(number % 10)").increment()
          }
        }
      }
    }
    #expect(counter.value == 4000)
    #expect(gauge.value == 4000)
    #expect(histogram.snapshot == Histogram.Snapshot(counts: [0, 4000], sum: 4000))
    #expect((0..<10).allSatisfy { family.with("\($0)").value == 400 })
  }

  @Test func `a name that breaks the rules stops the program`() async {
    await #expect(processExitsWith: .failure) { _ = MetricsRegistry().counter("1a", help: "") }
    await #expect(processExitsWith: .failure) { _ = MetricsRegistry().counter("", help: "") }
    await #expect(processExitsWith: .failure) { _ = MetricsRegistry().counter("a-b", help: "") }
    await #expect(processExitsWith: .failure) {
      _ = MetricsRegistry().counters("a", help: "", labels: ["le"])
    }
    await #expect(processExitsWith: .failure) {
      _ = MetricsRegistry().counters("a", help: "", labels: ["x", "x"])
    }
    await #expect(processExitsWith: .success) {
      _ = MetricsRegistry().counters("a:b_9", help: "", labels: ["_x", "Y2"])
    }
  }

  @Test func `a name that is taken stops the program`() async {
    await #expect(processExitsWith: .failure) {
      let registry = MetricsRegistry()
      _ = registry.counter("wait_count", help: "")
      _ = registry.histogram("wait", help: "")
    }
  }

  @Test func `bounds that do not rise stop the program`() async {
    await #expect(processExitsWith: .failure) { _ = Histogram(bounds: [1, 1]) }
    await #expect(processExitsWith: .failure) { _ = Histogram(bounds: [1, .infinity]) }
  }
}
