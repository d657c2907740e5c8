import Engine
import Tompion
import TompionTesting
import Wire

/// One worker: the real session of the SDK, with scripted handlers around it.
final class SimulatedWorker: SimulatedProcess {
  private struct Execution {
    let handler: String
    let script: HandlerScript
    /// Told apart from an earlier plan for the same run.
    var plan = 0
    var isCancelled = false
  }

  let profile: Scenario.WorkerProfile
  private(set) var boot = BootID(UUIDv7(high: 0, low: 0))
  private var session: WorkerSession?
  private(set) var connection: Connection?
  private var executions: [RunID: Execution] = [:]
  private var timer = 0
  private let clockOffset: Duration

  init(_ world: World, _ profile: Scenario.WorkerProfile) {
    self.profile = profile
    clockOffset = world.random.duration(.seconds(-100) ... .seconds(100))
    super.init(world, name: profile.name)
  }

  private var moment: Moment {
    Moment(
      elapsed: .microseconds(world.queue.now),
      wall: HostClock.start + .microseconds(world.queue.now) + clockOffset
    )
  }

  var unacknowledged: Int { session?.unacknowledged ?? 0 }

  // MARK: Life

  override func begin() {
    super.begin()
    boot = BootID(
      UUIDv7(at: world.clock.now, random: (world.random.next(), world.random.next()))
    )
    var settings = SessionSettings(
      workerID: profile.name,
      bootID: boot,
      handlers: profile.handlers,
      capacity: profile.capacity
    )
    settings.labels = profile.labels
    settings.labelMatching = profile.matching
    settings.serverCount = world.servers.count
    session = WorkerSession(settings: settings, seed: world.random.next(), at: moment)
    executions = [:]
    connection = nil
    world.note(.process, boot.uuid.low, 0) {
      "\(self.name) starts as \(self.world.text(self.boot))"
    }
    change { $0.advance(to: $1) }
  }

  override func end() {
    let connection = connection
    super.end()
    session = nil
    world.oracle.died(boot)
    world.note(.process, boot.uuid.low, 1) { "\(self.name) is gone" }
    if let connection { world.cutByCrash(connection, of: self) }
  }

  /// SIGTERM.
  func leave(grace: Duration) {
    guard isRunning else { return }
    world.note(.process, boot.uuid.low, 2) { "\(self.name) leaves" }
    change { $0.shutDown(grace: grace, at: $1) }
  }

  // MARK: The session

  private func change(_ body: (inout WorkerSession, Moment) -> Void) {
    guard session != nil else { return }
    let now = moment
    if var changed = session.take() {
      body(&changed, now)
      session = changed
    }
    perform(session?.takeActions() ?? [])
    write()
    setTimer()
  }

  private func perform(_ actions: [WorkerSession.Action]) {
    for action in actions {
      switch action {
      case .start(let offer): start(offer)
      case .cancel(let run, _): cancel(run)
      case .connect(let server): connect(to: world.servers[server])
      case .disconnect: disconnect()
      case .announce: break
      case .finish: finish()
      }
    }
  }

  private func setTimer() {
    guard let deadline = session?.nextDeadline else { return }
    timer += 1
    let timer = timer
    let wait = max(deadline - moment.elapsed, .microseconds(100))
    later(min(wait, .seconds(1))) { [self] in
      if self.timer == timer { change { $0.advance(to: $1) } }
    }
  }

  // MARK: The stream

  private func connect(to server: SimulatedServer) {
    disconnect()
    let connection = Connection(world, from: self, to: server)
    self.connection = connection
    guard server.isUp, !world.isCutOff(self) else {
      return connection.cut(
        serverHearsAfter: .zero,
        workerHearsAfter: world.random.duration(.milliseconds(1) ... .milliseconds(50))
      )
    }
  }

  private func disconnect() {
    connection?.hangUp()
    connection = nil
  }

  /// Says what waits, once the write before has left.
  func write() {
    guard let connection, !connection.toServer.isWriting, session?.hasSomethingToSend ?? false
    else { return }
    guard let message = session?.nextMessage(at: moment) else { return }
    connection.writeToServer(message.encoded())
    setTimer()
  }

  func received(_ bytes: [UInt8], on connection: Connection) {
    guard self.connection === connection else { return }
    switch decode(bytes) {
    case .success(let message): take(message)
    case .failure(let error): world.oracle.fail(.i11, "\(name) cannot read a message: \(error)")
    }
  }

  private func decode(_ bytes: [UInt8]) -> Result<FromServer, WireError> {
    unsafe bytes.withUnsafeBytes { buffer in
      do throws(WireError) {
        return .success(try unsafe FromServer(decoding: buffer))
      } catch {
        return .failure(error)
      }
    }
  }

  /// What a server once said on another stream arrives again: of runs, not of the stream itself.
  func receivedAgain(_ bytes: [UInt8]) {
    guard connection != nil, case .success(let message) = decode(bytes) else { return }
    var repeated = FromServer()
    repeated.offers = message.offers
    repeated.cancels = message.cancels
    repeated.revokes = message.revokes
    repeated.resultAcks = message.resultAcks
    repeated.stales = message.stales
    if world.twin?.entersTwice ?? false { repeated.offers.forEach(start) }
    take(repeated)
  }

  private func take(_ message: FromServer) {
    world.note(.receive, boot.uuid.low, UInt64(message.offers.count)) {
      "\(self.name) hears \(self.world.text(message))"
    }
    change { $0.received(message, at: $1) }
  }

  func closed(_ connection: Connection, _ reason: String) {
    guard self.connection === connection else { return }
    self.connection = nil
    change { $0.streamBroke(reason, at: $1) }
  }

  private func finish() {
    world.workerLeft(self)
  }

  // MARK: Handlers

  private func start(_ offer: Offer) {
    let isCalm = world.isCalm
    let script = isCalm ? HandlerScript.calm(&world.random) : .any(&world.random)
    executions[offer.run] = Execution(handler: offer.handler, script: script)
    world.note(.enter, offer.run.epoch.value, boot.uuid.low) {
      "\(self.name) enters \(self.world.text(offer.run)) attempt \(offer.attempt)"
    }
    world.oracle.entered(offer, in: boot, of: profile)
    if world.isPoison(offer.run.slot.task) {
      return later(min(script.duration, .seconds(1))) { [self] in world.crash(self) }
    }
    end(offer.run, after: script.duration, as: script.end)
    beat(offer.run)
  }

  private func beat(_ run: RunID) {
    guard let pause = executions[run]?.script.progress else { return }
    later(pause) { [self] in
      guard executions[run] != nil else { return }
      change { $0.progressed(run, percent: nil, note: "at work", at: $1) }
      beat(run)
    }
  }

  private func cancel(_ run: RunID) {
    guard var execution = executions[run], !execution.isCancelled,
      let heeds = execution.script.heeds
    else { return }
    execution.isCancelled = true
    execution.plan += 1
    executions[run] = execution
    end(run, after: heeds, as: .givesUp)
  }

  private func end(_ run: RunID, after wait: Duration, as end: HandlerScript.End) {
    let plan = executions[run]?.plan
    later(wait) { [self] in
      guard let execution = executions[run], execution.plan == plan else { return }
      executions[run] = nil
      let outcome = outcome(of: run, end)
      world.note(.leave, run.epoch.value, boot.uuid.low) {
        "\(self.name) leaves \(self.world.text(run)) \(self.world.text(outcome))"
      }
      world.oracle.left(run, outcome)
      change { $0.ended(run, outcome, at: $1) }
    }
  }

  /// A result names its run, so that it can be told where it came from.
  private func outcome(of run: RunID, _ end: HandlerScript.End) -> WorkerSession.Outcome {
    switch end {
    case .succeeds: .returned(result: Array("\(run)".utf8))
    case .fails(let isRetryable, let retryAfter):
      .threw(.init(message: "scripted", isRetryable: isRetryable, retryAfter: retryAfter))
    case .givesUp: .stopped
    }
  }

  /// What arrived on an earlier stream arrives once more.
  func repeatReports(_ bytes: [UInt8]) {
    guard let connection, let session = connection.session, connection.isOpenAtServer else {
      return
    }
    connection.server.receivedAgain(bytes, on: session)
  }
}
