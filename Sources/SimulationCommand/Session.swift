import Engine
import Foundation
import Simulation

/// Runs what was asked for, and prints what came of it.
struct Session {
  private let options: Options

  init(_ options: Options) {
    self.options = options
  }

  /// `true` when everything was as it should be.
  func run() async -> Bool {
    if options.findsTwins { return findTwins() }
    if let seed = options.seed { return replay(seed) }
    return await sweep()
  }

  /// How many of the last lines of a failing seed are shown.
  private static let shownLines = 40

  // MARK: One seed

  private func replay(_ seed: UInt64) -> Bool {
    let outcome = Simulation.run(
      seed: seed,
      twin: options.twin.flatMap { Twin.all[$0]?() },
      isWritten: !options.printsHash
    )
    if options.printsHash {
      print(String(outcome.hash, radix: 16))
    } else {
      for line in outcome.lines { print(line) }
      print("seed \(seed), hash \(String(outcome.hash, radix: 16))")
    }
    guard let violation = outcome.violation else { return true }
    print("seed \(seed) at \(Session.seconds(violation.at)): \(violation)")
    return false
  }

  // MARK: Many seeds

  private func sweep() async -> Bool {
    let count = options.seeds ?? 10_000
    let began = ContinuousClock.now
    var total = Statistics()
    var failed: [Simulation.Outcome] = []
    var done = 0
    await withTaskGroup(of: Simulation.Outcome.self) { group in
      var next = options.first
      let last = options.first + UInt64(count)
      func start() {
        guard next < last, failed.count < 5 else { return }
        let seed = next
        next += 1
        group.addTask { [twin = options.twin] in
          Simulation.run(seed: seed, twin: twin.flatMap { Twin.all[$0]?() })
        }
      }
      for _ in 0..<max(1, options.jobs) { start() }
      for await outcome in group {
        done += 1
        total.add(outcome.statistics)
        if outcome.violation != nil { failed.append(outcome) }
        if done.isMultiple(of: 1_000) { tell("\(done) seeds, \(Session.since(began)) s") }
        start()
      }
    }
    for outcome in failed { show(outcome) }
    print(total.text)
    print("\(done) seeds in \(Session.since(began)) s, \(failed.count) failed")
    return failed.isEmpty
  }

  /// Progress is shown at once, also in a pipe.
  private func tell(_ line: String) {
    print(line)
    fflush(nil)
  }

  private func show(_ outcome: Simulation.Outcome) {
    guard let violation = outcome.violation else { return }
    print("seed \(outcome.seed) failed at \(Session.seconds(violation.at)): \(violation)")
    let twin = options.twin.flatMap { Twin.all[$0]?() }
    let lines = Simulation.run(seed: outcome.seed, twin: twin, isWritten: true).lines
    for line in lines.suffix(Session.shownLines) { print("  \(line)") }
    print("  all of it: make simulate SEED=\(outcome.seed)")
  }

  // MARK: Twins

  /// Looks for a seed that shows each broken rule.
  private func findTwins() -> Bool {
    var areAllFound = true
    for (name, make) in Twin.all.sorted(by: { $0.key < $1.key }) {
      let last = options.first + UInt64(options.seeds ?? 200)
      guard let found = Simulation.unmask(make, among: options.first..<last) else {
        tell("\(name): not found")
        areAllFound = false
        continue
      }
      tell("\(name): seed \(found.seed), \(found.violation.map { "\($0)" } ?? "")")
    }
    return areAllFound
  }

  private static func seconds(_ microseconds: Int64) -> String {
    "\(Double(microseconds) / 1_000_000) s"
  }

  private static func since(_ time: ContinuousClock.Instant) -> String {
    String(format: "%.1f", (ContinuousClock.now - time) / .seconds(1))
  }
}

extension Statistics {
  /// What happened, in a few lines.
  fileprivate var text: String {
    let moves = moves.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    let refusals = refusals.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\($0.key.rawValue): \($0.value)" }
    let skips = skips.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    return """
      \(commits) commits, \(starts) handlers entered, \(elapsed / 1_000_000) s gone by
      moves     \(moves.joined(separator: "  "))
      refusals  \(refusals.joined(separator: "  "))
      skips     \(skips.joined(separator: "  "))
      """
  }
}
