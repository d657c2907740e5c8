import Engine
import Store
import TompionTesting

/// One run of the whole product in virtual time, decided by one number.
///
/// First it storms; then nothing goes wrong any more, everything must come to its end, and new work
/// must be done at once.
package final class Simulation {
  /// What came of it.
  package struct Outcome: Sendable {
    package let seed: UInt64
    /// `nil` when every invariant held.
    package let violation: Violation?
    /// The same for the same seed, and hardly for any other.
    package let hash: UInt64
    package let statistics: Statistics
    /// What happened, line by line, when it was asked for.
    package let lines: [String]
  }

  /// How long the calm may take before everything must have come to its end.
  private static let patience: Duration = .seconds(400)
  /// How soon new work must be done in a calm world.
  private static let promptness: Duration = .seconds(5)

  /// Many times what the busiest of simulations needs.
  private static let mostEvents = 400_000

  private let seed: UInt64
  private let world: World
  private let client: Client
  private var isOver = false

  private init(seed: UInt64, twin: Twin?, isWritten: Bool) {
    self.seed = seed
    world = World(seed: seed, twin: twin, isWritten: isWritten)
    client = Client(world)
  }

  /// Runs one simulation. `isWritten` asks for the lines of the outcome, which cost time.
  package static func run(seed: UInt64, twin: Twin? = nil, isWritten: Bool = false) -> Outcome {
    let simulation = Simulation(seed: seed, twin: twin, isWritten: isWritten)
    return simulation.run()
  }

  /// The first of the seeds with which a twin is seen to break one of the invariants that it breaks.
  package static func unmask(
    _ twin: () -> Twin,
    among seeds: Range<UInt64>
  ) -> Outcome? {
    let invariants = twin().invariants
    for seed in seeds {
      let outcome = run(seed: seed, twin: twin())
      if let violation = outcome.violation, invariants.contains(violation.invariant) {
        return outcome
      }
    }
    return nil
  }

  private func run() -> Outcome {
    begin()
    var events = 0
    while !isOver, world.oracle.violation == nil, world.queue.step() {
      events += 1
      if events == Simulation.mostEvents {
        world.oracle.fail(.settles, "after \(events) events it goes round in circles")
      }
    }
    world.end()
    var statistics = world.oracle.statistics
    statistics.elapsed = world.queue.now
    return Outcome(
      seed: seed,
      violation: world.oracle.violation,
      hash: world.trace.hash,
      statistics: statistics,
      lines: world.trace.lines
    )
  }

  private func begin() {
    let storm = world.scenario.storm
    world.note(.phase, 0, 0) { "seed \(self.seed): \(self.world.scenario)" }
    world.begin()
    for (number, definition) in world.scenario.triggers.enumerated() {
      world.queue.schedule(after: .milliseconds(100 * number)) { [self] in
        client.create("trigger \(number)", definition)
      }
    }
    client.askOn(until: storm.microseconds, pause: world.scenario.requestPause)
    Storm(world, until: storm.microseconds).begin()
    watch()
    world.queue.schedule(after: storm) { [self] in calm() }
  }

  /// Looks once a second at what may not last.
  private func watch() {
    world.queue.schedule(after: .seconds(1)) { [self] in
      world.oracle.checkHands()
      if !isOver { watch() }
    }
  }

  // MARK: After the storm

  private func calm() {
    world.calm()
    let settled = world.scenario.lease * 2 + .seconds(12)
    world.queue.schedule(after: settled) { [self] in
      world.oracle.checkPunctuality(within: .seconds(5))
      client.resumeAll()
      switchTriggers(on: false) { [self] in awaitEnd(by: deadline(Simulation.patience)) }
    }
  }

  private func deadline(_ wait: Duration) -> Int64 {
    world.queue.now + wait.microseconds
  }

  private func switchTriggers(on: Bool, then: @escaping () -> Void) {
    for trigger in world.store.ledger.tables.triggers.values.sorted(by: { $0.name < $1.name }) {
      client.change(trigger.name, on ? .online : .offline)
    }
    awaitAnswers(by: deadline(.seconds(20)), then: then)
  }

  private func awaitAnswers(by deadline: Int64, then: @escaping () -> Void) {
    world.queue.schedule(after: .milliseconds(200)) { [self] in
      if client.pending == 0 { return then() }
      guard world.queue.now < deadline else {
        return world.oracle.fail(.settles, "\(client.pending) requests were never answered")
      }
      awaitAnswers(by: deadline, then: then)
    }
  }

  /// Every task becomes final, and nobody has anything left in hand.
  private func awaitEnd(by deadline: Int64) {
    guard let unsettled = world.oracle.unsettled else { return probe() }
    guard world.queue.now < deadline else { return world.oracle.fail(.settles, unsettled) }
    world.queue.schedule(after: .seconds(1)) { [self] in awaitEnd(by: deadline) }
  }

  /// New work, as much as all workers take at once, is done without delay.
  private func probe() {
    world.note(.phase, 2, 0) { "all is settled; new work comes" }
    var wanted: [(handler: String, labels: Labels, count: Int)] = []
    for handler in Scenario.handlers {
      wanted.append((handler, .none, world.scenario.workers[0].capacity))
      let labels = world.scenario.workers[1].labels
      wanted.append((handler, labels, world.scenario.workers[1].capacity))
    }
    for (handler, labels, count) in wanted {
      var template = TaskTemplate(namespace: Namespace.defaultName, handler: handler)
      template.labels = labels
      for _ in 0..<count { client.submit(template, at: nil) { _ in } }
    }
    world.queue.schedule(after: Simulation.promptness) { [self] in
      if let unfinished = world.oracle.unfinished {
        return world.oracle.fail(.settles, "new work is not done: \(unfinished)")
      }
      switchTriggers(on: true) { [self] in
        world.store.betweenTransactions { [self] in account() }
      }
    }
  }

  private func account() {
    world.oracle.checkAccount()
    world.oracle.checkHistory()
    isOver = true
  }
}
