import Engine
import Store
import TompionTesting
import Wire

/// Everything that takes part in one simulation, and what befalls it.
final class World {
  let scenario: Scenario
  let queue: EventQueue
  var random: SeededRandom
  let clock = HostClock()
  let twin: Twin?
  let oracle: Oracle
  private(set) var servers: [SimulatedServer] = []
  private(set) var workers: [SimulatedWorker] = []
  private(set) var trace: Trace
  /// What goes wrong at present.
  private(set) var faults: Faults
  /// Nothing goes wrong any more.
  private(set) var isCalm = false
  private var cutOffUntil: [ObjectIdentifier: Int64] = [:]
  private var poison: Set<TaskID> = []
  private var madeStore: SimulatedStore?

  init(seed: UInt64, twin: Twin?, isWritten: Bool) {
    random = SeededRandom(seed: seed)
    scenario = Scenario(&random)
    queue = EventQueue(seed: random.next(), clock: clock)
    trace = Trace(isWritten: isWritten)
    faults = scenario.faults
    self.twin = twin
    oracle = Oracle(scenario)
    let store = SimulatedStore(self, seed: random.next())
    store.weather = faults.store
    madeStore = store
    servers = (0..<scenario.servers).map { SimulatedServer(self, index: $0) }
    workers = scenario.workers.map { SimulatedWorker(self, $0) }
    oracle.attach(self)
  }

  var store: SimulatedStore {
    guard let store = madeStore else { preconditionFailure("the world is not made yet") }
    return store
  }

  var network: NetworkWeather { faults.network }

  func note(_ kind: Trace.Kind, _ first: UInt64, _ second: UInt64, _ text: () -> String) {
    trace.note(kind, at: queue.now, first, second, text)
  }

  // MARK: Crashes and pauses

  /// Whether the handler of a task takes its process with it, whoever runs it; what once did so goes on
  /// doing so after the storm.
  func isPoison(_ task: TaskID) -> Bool {
    if Double(task.uuid.low & 0xFFFF) / 65_536 < faults.poison { poison.insert(task) }
    return poison.contains(task)
  }

  /// `kill -9`; it starts again some time later.
  func crash(_ process: SimulatedProcess) {
    guard process.isUp else { return }
    note(.fault, 1, 0) { "\(process.name) crashes" }
    process.end()
    restart(process)
  }

  private func restart(_ process: SimulatedProcess) {
    let isServer = process is SimulatedServer
    let longest: Duration = isServer ? .seconds(8) : scenario.lease * 2
    queue.schedule(after: random.duration(.milliseconds(100)...longest)) { [self] in
      if !process.isUp, isOurs(process) { process.begin() }
    }
  }

  private func isOurs(_ process: SimulatedProcess) -> Bool {
    servers.contains { $0 === process } || workers.contains { $0 === process }
  }

  /// A worker that was asked to leave has done so.
  func workerLeft(_ worker: SimulatedWorker) {
    queue.schedule(after: .milliseconds(1)) { [self] in
      guard worker.isUp else { return }
      worker.end()
      restart(worker)
    }
  }

  func stop(_ process: SimulatedProcess, for pause: Duration) {
    note(.fault, 2, UInt64(pause.microseconds)) { "\(process.name) is stopped for \(pause)" }
    let life = process.life
    process.stop()
    if pause > .seconds(8) {
      queue.schedule(after: random.duration(.seconds(7) ... .seconds(8))) { [self] in
        if process.life == life, process.isStopped { cutAll(of: process) }
      }
    }
    queue.schedule(after: pause) { [self] in
      if process.life == life { resume(process) }
    }
  }

  private func resume(_ process: SimulatedProcess) {
    guard process.isStopped else { return }
    note(.fault, 3, 0) { "\(process.name) goes on" }
    if let server = process as? SimulatedServer {
      oracle.excuse(for: .zero)
      if server.missedClockStep { oracle.clockWasSet(for: server.index) }
      server.missedClockStep = false
    }
    process.resume()
    queue.schedule(after: .zero) { [self] in store.beginNext() }
  }

  /// The pings of those who speak with a silent process go unanswered.
  private func cutAll(of process: SimulatedProcess) {
    for connection in workers.compactMap(\.connection)
    where connection.server === process || connection.worker === process {
      connection.cut(
        serverHearsAfter: random.duration(.zero ... .seconds(1)),
        workerHearsAfter: random.duration(.zero ... .seconds(1))
      )
    }
  }

  func cutByCrash(_ connection: Connection, of process: SimulatedProcess) {
    let wait =
      random.chance(0.7)
      ? random.duration(.microseconds(50) ... .milliseconds(50))
      : random.duration(.seconds(5) ... .seconds(8))
    connection.cut(serverHearsAfter: wait, workerHearsAfter: wait)
  }

  // MARK: Other faults

  func cutOff(_ worker: SimulatedWorker, for pause: Duration) {
    note(.fault, 4, UInt64(pause.microseconds)) { "\(worker.name) is cut off for \(pause)" }
    let end = queue.now + pause.microseconds
    cutOffUntil[ObjectIdentifier(worker)] = end
    guard let connection = worker.connection else { return }
    connection.stall(until: end)
    guard pause > .seconds(8) else { return }
    queue.schedule(after: .seconds(8)) { [self] in
      connection.cut(
        serverHearsAfter: random.duration(.zero ... .milliseconds(500)),
        workerHearsAfter: random.duration(.zero ... .milliseconds(500))
      )
    }
  }

  func isCutOff(_ worker: SimulatedWorker) -> Bool {
    !isCalm && queue.now < cutOffUntil[ObjectIdentifier(worker)] ?? 0
  }

  func bring(_ profile: Scenario.WorkerProfile, for stay: Duration) {
    let namesake = SimulatedWorker(self, profile)
    note(.fault, 5, 0) { "a namesake of \(namesake.name) comes" }
    workers.append(namesake)
    namesake.begin()
    queue.schedule(after: stay) { [self] in
      workers.removeAll { $0 === namesake }
      if namesake.isUp { namesake.end() }
    }
  }

  func setClock(by step: Duration) {
    note(.fault, 6, UInt64(bitPattern: step.microseconds)) { "the clock is set by \(step)" }
    clock.set(by: step)
    oracle.clockWasSet()
    for server in servers where server.isStopped { server.missedClockStep = true }
  }

  func stopStore(for pause: Duration) {
    guard !store.isOut else { return }
    note(.fault, 7, UInt64(pause.microseconds)) { "the store fails for \(pause)" }
    store.isOut = true
    queue.schedule(after: pause) { [self] in
      store.isOut = false
      oracle.excuse(for: .seconds(1))
    }
  }

  /// What was said last before a break may arrive once more in the worker's next session.
  func repeatLastWords(_ words: (worker: [UInt8]?, server: [UInt8]?), of worker: SimulatedWorker) {
    if let bytes = words.worker, random.chance(network.repeats) {
      worker.later(random.duration(.zero ... .seconds(8))) { worker.repeatReports(bytes) }
    }
    if let bytes = words.server, random.chance(network.repeats) {
      worker.later(random.duration(.zero ... .seconds(8))) { worker.receivedAgain(bytes) }
    }
  }

  // MARK: Calm

  /// Everything that went wrong is over.
  func calm() {
    isCalm = true
    faults = .none
    for worker in workers.dropFirst(scenario.workers.count) where worker.isUp { worker.end() }
    workers.removeLast(workers.count - scenario.workers.count)
    note(.phase, 1, 0) { "the storm is over" }
    store.weather = .calm
    store.isOut = false
    for process in servers as [SimulatedProcess] + workers {
      resume(process)
      if !process.isUp { process.begin() }
    }
    oracle.excuse(for: .seconds(5))
  }

  func begin() {
    for server in servers { server.begin() }
    for worker in workers { worker.begin() }
  }

  /// Lets go of everything.
  func end() {
    queue.removeAll()
  }
}
