import Engine
import Testing
import Tompion
import Wire

/// A session under a clock that moves only when told, with the server played by the test.
final class SessionBench {
  var session: WorkerSession
  var now: Duration = .zero
  /// What the session asked for and the test has not looked at.
  var actions: [WorkerSession.Action] = []

  /// What the server grants.
  var lease: Duration = .seconds(10)

  init(
    handlers: [String] = ["print"],
    capacity: Int = 2,
    servers: Int = 1,
    seed: UInt64 = 1,
    _ change: (inout SessionSettings) -> Void = { _ in }
  ) {
    var settings = SessionSettings(
      workerID: "w",
      bootID: BootID(UUIDv7(high: 1, low: 2)),
      handlers: handlers,
      capacity: capacity
    )
    settings.serverCount = servers
    change(&settings)
    let start = Moment(elapsed: .zero, wall: Timestamp(seconds: 0))
    session = WorkerSession(settings: settings, seed: seed, at: start)
  }

  var moment: Moment { Moment(elapsed: now, wall: Timestamp(microseconds: now.microseconds)) }

  func change(_ body: (inout WorkerSession, Moment) -> Void) {
    body(&session, moment)
    actions += session.takeActions()
  }

  func advance(by duration: Duration = .zero) {
    now += duration
    change { $0.advance(to: $1) }
  }

  /// Moves to each deadline in turn, up to `duration` from now.
  func pass(_ duration: Duration, answeringHeartbeats: Bool = true) {
    let end = now + duration
    while let deadline = session.nextDeadline, deadline <= end {
      now = max(now, deadline)
      advance()
      if answeringHeartbeats, let number = next()?.heartbeat {
        receive { $0.heartbeatAck = number }
      }
    }
    now = end
    advance()
  }

  func next() -> FromWorker? {
    session.nextMessage(at: moment)
  }

  /// Whether one of the actions not looked at is such a one.
  func has(_ kind: (WorkerSession.Action) -> Bool) -> Bool {
    actions.contains(where: kind)
  }

  /// The next message; there must be one.
  func message() throws -> FromWorker {
    try #require(next())
  }

  /// The next deadline; there must be one.
  func deadline() throws -> Duration {
    try #require(session.nextDeadline)
  }

  func receive(_ build: (inout FromServer) -> Void) {
    var message = FromServer()
    build(&message)
    change { $0.received(message, at: $1) }
  }

  /// Connects, and returns the hello. The actions so far are forgotten.
  @discardableResult
  func connect(keeping kept: [RunID] = []) -> Hello? {
    while !actions.contains(where: \.isConnect), let deadline = session.nextDeadline {
      now = max(now, deadline)
      advance()
    }
    let hello = next()?.hello
    actions = []
    receive { [lease] in
      $0.welcome = Welcome(sessionID: "s", lease: lease)
      $0.welcome?.keep = kept
    }
    return hello
  }

  func offer(_ number: UInt64, _ handler: String = "print", run: Duration? = nil) {
    receive { $0.offers = [Self.offer(number, handler, run: run)] }
  }

  static func run(_ number: UInt64) -> RunID {
    let slot = SlotID(task: TaskID(UUIDv7(high: 7, low: number)), shard: 0)
    return RunID(slot: slot, epoch: Epoch(number))
  }

  static func offer(_ number: UInt64, _ handler: String, run limit: Duration? = nil) -> Offer {
    var offer = Offer(
      run: run(number),
      handler: handler,
      attempt: 1,
      nominalAt: Timestamp(seconds: 0)
    )
    offer.runTimeout = limit
    return offer
  }

  func end(_ number: UInt64, _ outcome: WorkerSession.Outcome = .returned(result: nil)) {
    change { $0.ended(Self.run(number), outcome, at: $1) }
  }

  func breakStream() {
    change { $0.streamBroke("broken", at: $1) }
  }

  /// The runs that were started since the last look, by number.
  func takeStarted() -> [UInt64] {
    defer { actions.removeAll { $0.started != nil } }
    return actions.compactMap(\.started)
  }

  func takeCancelled() -> [UInt64: CancellationReason] {
    defer { actions.removeAll { $0.cancelled != nil } }
    return Dictionary(uniqueKeysWithValues: actions.compactMap(\.cancelled))
  }
}

extension WorkerSession.Action {
  var isConnect: Bool { server != nil }

  var server: Int? {
    if case .connect(let server) = self { server } else { nil }
  }

  var isDisconnect: Bool {
    if case .disconnect = self { true } else { false }
  }

  var isFinish: Bool {
    if case .finish = self { true } else { false }
  }

  var started: UInt64? {
    if case .start(let offer) = self { offer.run.epoch.value } else { nil }
  }

  var cancelled: (UInt64, CancellationReason)? {
    if case .cancel(let run, let reason) = self { (run.epoch.value, reason) } else { nil }
  }

  var announcement: WorkerSession.Announcement? {
    if case .announce(let announcement) = self { announcement } else { nil }
  }
}

extension FromWorker {
  /// The events of one run, in order.
  func events(of number: UInt64) -> [Report.Event] {
    reports.filter { $0.run == SessionBench.run(number) }.map(\.event)
  }

  var granted: [String: Int] {
    Dictionary(uniqueKeysWithValues: credits.map { ($0.handler, $0.count) })
  }
}
