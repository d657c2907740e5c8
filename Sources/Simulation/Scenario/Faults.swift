import Engine
import TompionTesting

/// What goes wrong while it storms, and how often.
struct Faults {
  /// Means between two of a kind, in seconds; `nil` is never.
  var cutConnection: Double?
  var cutOffWorker: Double?
  var crashWorker: Double?
  var stopWorker: Double?
  var leaveWorker: Double?
  var namesake: Double?
  var crashServer: Double?
  var stopServer: Double?
  var leaveServer: Double?
  var setClock: Double?
  var storeOutage: Double?
  /// How many of all tasks take the process with them that enters them.
  var poison = 0.0
  /// How often a transaction is not yet committed when its server crashes in the middle of it.
  var lostCommits = 0.0
  var store = StoreWeather()
  var network = NetworkWeather()

  static let none = Faults()

  /// A selection: each kind in about half of all simulations, so that each also meets a calm world.
  static func any(_ random: inout SeededRandom) -> Faults {
    var faults = Faults()
    func sometimes(_ means: ClosedRange<Double>) -> Double? {
      random.chance(0.5) ? Double.random(in: means, using: &random) : nil
    }
    faults.cutConnection = sometimes(3...20)
    faults.cutOffWorker = sometimes(10...40)
    faults.crashWorker = sometimes(3...30)
    faults.stopWorker = sometimes(8...40)
    faults.leaveWorker = sometimes(10...40)
    faults.namesake = sometimes(20...60)
    faults.crashServer = sometimes(10...60)
    faults.stopServer = sometimes(15...60)
    faults.leaveServer = sometimes(20...60)
    faults.setClock = sometimes(15...60)
    faults.storeOutage = sometimes(20...60)
    if random.chance(0.3) { faults.poison = Double.random(in: 0.03...0.12, using: &random) }
    if random.chance(0.5) { faults.lostCommits = 0.3 }
    if random.chance(0.5) { faults.store.failures = Double.random(in: 0...0.1, using: &random) }
    if random.chance(0.5) { faults.store.unknowns = Double.random(in: 0...0.1, using: &random) }
    if random.chance(0.3) { faults.store.slowness = Double.random(in: 0...0.05, using: &random) }
    if random.chance(0.5) { faults.network.delays = Double.random(in: 0...0.2, using: &random) }
    if random.chance(0.5) { faults.network.repeats = 0.7 }
    return faults
  }
}
