import Engine

/// One stream between a worker and a server: ordered both ways until it breaks.
///
/// The two ends notice a break by themselves, each at a time of its own.
final class Connection {
  unowned let world: World
  let worker: SimulatedWorker
  let server: SimulatedServer
  private let workerLife: Int
  private let serverLife: Int
  let toServer = Lane()
  let toWorker = Lane()
  private(set) var isOpenAtWorker = true
  private(set) var isOpenAtServer = true
  private var isCut = false
  /// The server's name for it; `nil` before the first message.
  var session: Int?
  /// The server writes what waits and hangs up.
  var isFinishing = false
  /// What the worker and the server wrote last.
  private var lastWords: (worker: [UInt8]?, server: [UInt8]?)

  init(_ world: World, from worker: SimulatedWorker, to server: SimulatedServer) {
    self.world = world
    self.worker = worker
    self.server = server
    workerLife = worker.life
    serverLife = server.life
  }

  private var now: Int64 { world.queue.now }

  // MARK: Writing and reading

  func writeToServer(_ bytes: [UInt8]) {
    lastWords.worker = bytes
    write(.message(bytes), on: toServer, arrived: readAtServer) { [self] in
      atWorker { if self.isOpenAtWorker { self.worker.write() } }
    }
  }

  func writeToWorker(_ frame: Lane.Frame) {
    if case .message(let bytes) = frame { lastWords.server = bytes }
    write(frame, on: toWorker, arrived: readAtWorker) { [self] in
      atServer { if self.isOpenAtServer { self.server.write(to: self) } }
    }
  }

  private func write(
    _ frame: Lane.Frame,
    on lane: Lane,
    arrived: @escaping () -> Void,
    left: @escaping () -> Void
  ) {
    let latency = world.network.latency(&world.random).microseconds
    let leaving = world.random.duration(.microseconds(5) ... .microseconds(200)).microseconds
    let times = lane.write(frame, at: now, leaving: leaving, latency: latency)
    world.queue.schedule(at: times.left) { if lane.hasLeft() { left() } }
    world.queue.schedule(at: times.arrival) { [self] in
      if !isCut { arrived() }
    }
  }

  private func readAtServer() {
    atServer { [self] in
      guard let read = toServer.read() else { return }
      if read.frees { atWorker { if self.isOpenAtWorker { self.worker.write() } } }
      guard isOpenAtServer, case .message(let bytes) = read.frame else { return }
      server.received(bytes, on: self)
    }
  }

  private func readAtWorker() {
    atWorker { [self] in
      guard let read = toWorker.read() else { return }
      if read.frees { atServer { if self.isOpenAtServer { self.server.write(to: self) } } }
      guard isOpenAtWorker else { return }
      switch read.frame {
      case .message(let bytes): worker.received(bytes, on: self)
      case .end: closeAtWorker("the server ended the stream")
      }
    }
  }

  private func atServer(_ action: @escaping () -> Void) {
    if server.life == serverLife { server.atOnce(action) }
  }

  private func atWorker(_ action: @escaping () -> Void) {
    if worker.life == workerLife { worker.atOnce(action) }
  }

  // MARK: The end

  /// Nothing gets through until `time`; what is on its way already arrives.
  func stall(until time: Int64) {
    toServer.stalledUntil = max(toServer.stalledUntil, time)
    toWorker.stalledUntil = max(toWorker.stalledUntil, time)
  }

  /// What has not arrived is lost, and each end hears of it after its wait.
  func cut(serverHearsAfter server: Duration, workerHearsAfter worker: Duration) {
    guard !isCut else { return }
    isCut = true
    world.note(.connection, UInt64(session ?? 0), 0) {
      "\(self.worker.name) and \(self.server.name) cut"
    }
    world.repeatLastWords(lastWords, of: self.worker)
    world.queue.schedule(after: server) { [self] in closeAtServer() }
    world.queue.schedule(after: worker) { [self] in closeAtWorker("the connection broke") }
  }

  /// The worker hangs up. What it wrote before may still be read.
  func hangUp() {
    isOpenAtWorker = false
    world.repeatLastWords(lastWords, of: worker)
    if world.random.chance(0.5) { isCut = true }
    let latency = world.network.latency(&world.random).microseconds
    let arrival = isCut ? now + latency : toServer.arrival(notBefore: now + latency)
    world.queue.schedule(at: arrival) { [self] in closeAtServer() }
  }

  /// The server has written everything, the end included.
  func serverHasFinished() {
    closeAtServer()
  }

  private func closeAtServer() {
    atServer { [self] in
      guard isOpenAtServer else { return }
      isOpenAtServer = false
      server.closed(self)
    }
  }

  private func closeAtWorker(_ reason: String) {
    atWorker { [self] in
      guard isOpenAtWorker else { return }
      isOpenAtWorker = false
      worker.closed(self, reason)
    }
  }
}
