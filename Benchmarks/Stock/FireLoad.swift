import ControlAPI
import Engine
import PlatformRuntime
import Store
import TompionClient

/// Triggers that fire at known instants, evenly spread, at a steady rate.
struct FireLoad: Sendable {
  let triggers: Int
  /// Every trigger fires once in so many milliseconds; at least 1,000.
  let period: Int
  /// How long fires are measured.
  let seconds: Int
  /// Whether a worker runs their tasks meanwhile.
  var isRun = true

  /// Fires in a second.
  var rate: Double { Double(triggers) * 1_000 / Double(period) }

  /// Seconds before lateness counts.
  static let warmUp = 2
  /// Triggers whose ledger is read row by row.
  private static let sampled = 50
  private static let metric = "tompion_fire_lateness_seconds"

  /// What came of it.
  struct Outcome: Sendable {
    let lateness: HistogramGain
    /// Fires that the schedules ask for, warm-up included, and those that became tasks.
    let expected: Int
    let fired: Int
    /// Of the server's time on the processor, in microseconds.
    let processor: Double
    /// The directory of the server, for a floor on the same disk.
    let directory: String

    var isComplete: Bool { fired == expected }
  }

  /// Loads a server and lets `body` see what came of it; the server is there until it returns.
  ///
  /// Waits up to `patience` for fires that are late. Throws when one was early, when a ledger shows
  /// one that is missing, or when preparing took too long.
  func run<Result>(
    _ options: Options,
    patience: Duration,
    _ body: (Outcome) async throws -> Result
  ) async throws -> Result {
    let (directory, schedule) = try await prepare(options)
    let server = try await ServerProcess(options, directory: directory)
    defer { server.stop() }
    let worker = isRun ? try WorkerProcess(server, capacity: 1_000) : nil
    defer { worker?.stop() }
    if let worker { for await line in worker.lines where line == "connected" { break } }
    try options.note(server, worker)
    let outcome = try await observe(server, schedule, patience)
    if outcome.isComplete { try await audit(server, schedule) }
    return try await body(outcome)
  }

  /// A database with the triggers, ready in time for the first fire: on a busy machine that may take
  /// more than one attempt, each with more time than the one before.
  private func prepare(_ options: Options) async throws -> (String, Timing) {
    for lead: Int64 in [1, 2, 4] {
      let directory = Scratch.directory(options)
      let schedule = Timing(self, lead: lead)
      try await Stock.prepare(directory) { store in
        try await Stock.addTriggers(triggers, to: store, haveFired: true) { schedule.trigger($0) }
      }
      if schedule.isAhead { return (directory, schedule) }
      Scratch.remove(directory)
    }
    throw BenchError("preparing \(triggers) triggers took too long")
  }

  private func observe(
    _ server: ServerProcess,
    _ schedule: Timing,
    _ patience: Duration
  ) async throws -> Outcome {
    try await schedule.wait(untilMicrosecond: Int64(Self.warmUp) * 1_000_000)
    let before = try await server.metrics()
    let processor = try ProcessTimes.microseconds(of: server.id)
    try await schedule.wait(untilMicrosecond: schedule.length)
    var after = try await server.metrics()
    let used = try ProcessTimes.microseconds(of: server.id) - processor
    let deadline = SystemClock.monotonic + patience
    while Self.fired(after) < schedule.count, SystemClock.monotonic < deadline {
      try await Task.sleep(for: .milliseconds(50))
      after = try await server.metrics()
    }
    let early = after["\(Self.metric)_bucket{le=\"0\"}"]
    guard early == 0 else { throw BenchError("\(Int(early)) fires were early") }
    return Outcome(
      lateness: HistogramGain(of: Self.metric, from: before, to: after),
      expected: schedule.count,
      fired: Self.fired(after),
      processor: used,
      directory: server.directory
    )
  }

  private static func fired(_ metrics: Metrics) -> Int { Int(metrics["\(metric)_count"]) }

  /// Compares the ledgers of a few triggers with what their schedules say, time by time.
  private func audit(_ server: ServerProcess, _ schedule: Timing) async throws {
    for number in stride(from: 0, to: triggers, by: max(1, triggers / Self.sampled)) {
      let name = schedule.trigger(number).name
      let rows = try await server.control.fires(of: name, ListPage(limit: 1_000)).items
      // The texts have one length, so that their order is that of the times.
      let early = rows.count { $0.recordedAt < $0.at }
      guard early == 0 else { throw BenchError("\(early) fires of \(name) were early") }
      let times = try rows.map { try Timestamp(parsing: $0.at) }.sorted()
      guard rows.allSatisfy({ $0.outcome == "task" }), times == schedule.fires(of: number) else {
        throw BenchError("the ledger of \(name) is not what its schedule says: \(times)")
      }
    }
  }
}

/// When the triggers of a load fire.
private struct Timing: Sendable {
  private let load: FireLoad
  /// The first fire of all, in microseconds since 1970.
  private let base: Int64
  /// From the first fire to the end of the last period, in microseconds.
  let length: Int64

  /// The first fire is so far ahead that the triggers are stored and the server is up by then; `lead`
  /// multiplies what that takes on an idle machine.
  init(_ load: FireLoad, lead: Int64) {
    self.load = load
    base = SystemClock.wallMicroseconds + lead * (4_000_000 + Int64(load.triggers) * 50)
    length = Int64(FireLoad.warmUp + load.seconds) * 1_000_000
  }

  /// Whether there is time left to start a server.
  var isAhead: Bool { base - SystemClock.wallMicroseconds > 2_000_000 }

  private var period: Int64 { Int64(load.period) * 1_000 }

  private func offset(_ number: Int) -> Int64 {
    Int64(number) * period / Int64(load.triggers)
  }

  func trigger(_ number: Int) -> (name: String, definition: TriggerDefinition) {
    var definition = TriggerDefinition(handler: "noop", schedule: "@every \(load.period)ms")
    // Its first fire is one period after its start.
    definition.start = Timestamp(microseconds: base + offset(number) - period)
    definition.end = Timestamp(microseconds: base + length - 1)
    return ("bench-\(number)", definition)
  }

  func fires(of number: Int) -> [Timestamp] {
    stride(from: base + offset(number), to: base + length, by: Int(period))
      .map { Timestamp(microseconds: $0) }
  }

  /// The fires of all triggers.
  var count: Int {
    (0..<load.triggers).reduce(0) { sum, number in
      let rest = length - offset(number)
      return rest > 0 ? sum + Int((rest - 1) / period) + 1 : sum
    }
  }

  /// Suspends until an instant counted from the first fire; throws when it is past.
  func wait(untilMicrosecond instant: Int64) async throws {
    let ahead = base + instant - SystemClock.wallMicroseconds
    guard ahead > 0 else { throw BenchError("starting the server took too long") }
    try await Task.sleep(for: .microseconds(ahead))
  }
}
