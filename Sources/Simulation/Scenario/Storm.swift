import Engine
import Foundation

/// Brings on what goes wrong, each kind at random times of its own.
final class Storm {
  unowned let world: World
  private let until: Int64

  init(_ world: World, until: Int64) {
    self.world = world
    self.until = until
  }

  func begin() {
    let faults = world.faults
    brew(faults.cutConnection) { $0.cutConnection() }
    brew(faults.cutOffWorker) { $0.cutOffWorker() }
    brew(faults.crashWorker) { $0.crashWorker() }
    brew(faults.stopWorker) { $0.stopWorker() }
    brew(faults.leaveWorker) { $0.leaveWorker() }
    brew(faults.namesake) { $0.bringNamesake() }
    brew(faults.crashServer) { $0.crashServer() }
    brew(faults.stopServer) { $0.stopServer() }
    brew(faults.leaveServer) { $0.leaveServer() }
    brew(faults.setClock) { $0.setClock() }
    brew(faults.storeOutage) { $0.stopStore() }
  }

  /// Has one kind of fault strike again and again, so many seconds apart on average.
  private func brew(_ mean: Double?, _ strike: @escaping (Storm) -> Void) {
    guard let mean else { return }
    let wait = -log(1 - Double.random(in: 0..<1, using: &world.random)) * mean
    world.queue.schedule(after: .microseconds(Int64(wait * 1_000_000))) { [self] in
      guard world.queue.now < until else { return }
      strike(self)
      brew(mean, strike)
    }
  }

  private var runningWorkers: [SimulatedWorker] { world.workers.filter(\.isRunning) }
  private var runningServers: [SimulatedServer] { world.servers.filter(\.isRunning) }

  /// A time that is mostly short against a lease, and sometimes longer than two.
  private func pause() -> Duration {
    let lease = world.scenario.lease
    return world.random.duration(.milliseconds(10)...(world.random.chance(0.4) ? lease * 3 : lease))
  }

  // MARK: The network

  private func cutConnection() {
    let open = world.workers.compactMap(\.connection)
    guard !open.isEmpty else { return }
    let connection = world.random.pick(open)
    connection.cut(serverHearsAfter: notice(), workerHearsAfter: notice())
  }

  /// A reset is noticed at once, a pulled cable when a ping goes unanswered.
  private func notice() -> Duration {
    world.random.chance(0.6)
      ? world.random.duration(.microseconds(50) ... .milliseconds(20))
      : world.random.duration(.seconds(3) ... .seconds(8))
  }

  private func cutOffWorker() {
    guard !runningWorkers.isEmpty else { return }
    let worker = world.random.pick(runningWorkers)
    world.cutOff(worker, for: pause())
  }

  // MARK: Workers

  private func crashWorker() {
    guard !runningWorkers.isEmpty else { return }
    world.crash(world.random.pick(runningWorkers))
  }

  private func stopWorker() {
    guard !runningWorkers.isEmpty else { return }
    world.stop(world.random.pick(runningWorkers), for: pause())
  }

  private func leaveWorker() {
    guard !runningWorkers.isEmpty else { return }
    world.random.pick(runningWorkers).leave(
      grace: world.random.duration(.zero ... .seconds(10))
    )
  }

  /// A second process of the same name, as when somebody starts a worker twice.
  private func bringNamesake() {
    let profile = world.random.pick(world.scenario.workers)
    world.bring(profile, for: world.random.duration(.seconds(1) ... .seconds(30)))
  }

  // MARK: Servers and their machine

  private func crashServer() {
    guard !runningServers.isEmpty else { return }
    world.crash(world.random.pick(runningServers))
  }

  private func stopServer() {
    guard !runningServers.isEmpty else { return }
    world.stop(world.random.pick(runningServers), for: pause())
  }

  private func leaveServer() {
    guard !runningServers.isEmpty else { return }
    world.random.pick(runningServers).leave()
  }

  private func setClock() {
    let size = world.random.pick([Duration.seconds(3), .seconds(20), .seconds(90)])
    world.setClock(by: world.random.duration(.zero - size...size))
  }

  private func stopStore() {
    world.stopStore(for: world.random.duration(.milliseconds(50) ... .seconds(12)))
  }
}
