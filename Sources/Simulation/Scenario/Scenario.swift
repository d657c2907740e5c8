import Engine
import TompionTesting

/// What one seed stands for: who takes part, what is to be done, and what goes wrong.
struct Scenario {
  struct WorkerProfile {
    let name: String
    let handlers: [String]
    let capacity: Int
    let labels: Labels
    let matching: LabelMatching
  }

  static let handlers = ["bake", "carry", "weave"]
  /// In bytes.
  static let largestParam = 20_000
  static let dye = Labels(["colour": "blue"])

  let lease: Duration
  /// How many ready slots of a handler a server keeps in memory.
  let queueBound: Int
  /// Whether some workers and tasks carry labels.
  let isDyed: Bool
  let servers: Int
  /// How long a final task is kept.
  let retention: Duration
  let workers: [WorkerProfile]
  let triggers: [TriggerDefinition]
  /// How long it storms.
  let storm: Duration
  /// The mean between two requests of clients, in seconds.
  let requestPause: Double
  let faults: Faults

  init(_ random: inout SeededRandom) {
    lease = random.duration(.seconds(2) ... .seconds(10))
    queueBound = random.pick([2, 5, 50_000, 50_000])
    servers = random.chance(0.75) ? 2 : 1
    retention = random.pick([.seconds(20), .seconds(60), .seconds(3_600)])
    // What nobody connected may take can fill a short queue, and hold up the rest of its handler.
    isDyed = queueBound > 100
    workers = Scenario.workers(isDyed: isDyed, &random)
    let count = random.int(1...5)
    triggers = (0..<count).map { [isDyed] _ in TriggerDefinition(any: &random, isDyed: isDyed) }
    storm = random.duration(.seconds(20) ... .seconds(60))
    requestPause = Double.random(in: 0.4...4, using: &random)
    faults = random.chance(0.05) ? .none : .any(&random)
  }

  /// One worker takes everything; then some others, and one that is dyed.
  private static func workers(isDyed: Bool, _ random: inout SeededRandom) -> [WorkerProfile] {
    var workers = [
      WorkerProfile(
        name: "worker 0",
        handlers: handlers,
        capacity: random.int(1...6),
        labels: .none,
        matching: .exact
      ),
      WorkerProfile(
        name: "worker 1",
        handlers: handlers,
        capacity: random.int(1...4),
        labels: isDyed ? dye : .none,
        matching: random.pick([.exact, .subset])
      ),
    ]
    for number in 2..<random.int(2...4) {
      let served = handlers.filter { _ in random.chance(0.6) }
      workers.append(
        WorkerProfile(
          name: "worker \(number)",
          handlers: served.isEmpty ? handlers : served,
          capacity: random.int(1...8),
          labels: .none,
          matching: .exact
        )
      )
    }
    return workers
  }
}

extension TriggerDefinition {
  /// Anything that a person may ask for, with times short enough for a simulation.
  init(any random: inout SeededRandom, isDyed: Bool) {
    self.init(
      handler: random.pick(Scenario.handlers),
      schedule: TriggerDefinition.schedule(&random)
    )
    param =
      random.chance(0.1)
      ? String(repeating: "x", count: random.int(0...Scenario.largestParam)) : "p"
    if random.chance(0.3) { shards = random.int(2...4) }
    if isDyed, random.chance(0.15) { labels = Scenario.dye }
    priority = random.int(0...9)
    retry = RetryPolicy(any: &random)
    limits = TimeLimits(any: &random)
    misfire = random.pick(MisfirePolicy.allCases)
    misfireWindow = random.duration(.seconds(2) ... .seconds(30))
    overlap = random.pick(OverlapPolicy.allCases)
    atMostOnce = random.chance(0.1)
    if random.chance(0.2) { repeats = random.int(1...8) }
    if random.chance(0.15) {
      start = HostClock.start + random.duration(.seconds(-30) ... .seconds(30))
    }
    if random.chance(0.15) {
      end = HostClock.start + random.duration(.seconds(40) ... .seconds(80))
    }
  }

  static func schedule(_ random: inout SeededRandom) -> String {
    switch random.int(0...9) {
    case 0..<4: "@every \(random.int(1...12))s"
    case 4..<7: "*/\(random.pick([2, 3, 5, 10, 15])) * * * * *"
    case 7: "\(random.int(0...29)),\(random.int(30...59)) * * * * *"
    case 8: "after \(random.int(1...6))s"
    default: "at \(HostClock.start + .seconds(random.int(1...70)))"
    }
  }
}

extension RetryPolicy {
  init(any random: inout SeededRandom) {
    self.init(
      retries: random.int(0...3),
      base: random.duration(.milliseconds(100) ... .seconds(1)),
      cap: random.duration(.seconds(1) ... .seconds(4))
    )
  }
}

extension TimeLimits {
  init(any random: inout SeededRandom) {
    self.init()
    if random.chance(0.15) { queue = random.duration(.seconds(3) ... .seconds(20)) }
    if random.chance(0.4) { run = random.duration(.seconds(1) ... .seconds(8)) }
    if random.chance(0.15) { heartbeat = random.duration(.seconds(1) ... .seconds(3)) }
    if random.chance(0.15) { total = random.duration(.seconds(5) ... .seconds(30)) }
  }
}
