package import Engine
import Store
package import Wire

/// Everything matching knows: the queues, the workers, and who has what in hand.
///
/// It has no clocks, threads or I/O. What happens goes in through its methods, what is to be done comes
/// out as commands for the store and as messages in the outboxes, so that every race can be played
/// through by a test. It is not to be copied: a copy would share holders and sessions.
package struct Dispatch {
  package typealias SessionID = Matchmaker.SessionID

  /// How long a worker may be silent before its runs go to others. 2 s to 5 min.
  package let lease: Duration
  /// Nothing is reaped before this, on the monotonic clock: after a start, an outage, a clock step.
  var graceEnds: Duration
  package let matchmaker: Matchmaker
  var holders: [BootID: Holder] = [:]
  /// The open streams.
  var sessions: [SessionID: Session] = [:]
  /// No lease ends before this, on the monotonic clock.
  var leasesLastUntil: Duration = .zero
  /// Streams whose outbox was full when something was put into it.
  var full: [SessionID: Session] = [:]
  /// Streams that have something to write, each once, and streams to be closed.
  private var toWake: [Session] = []
  var toClose: [(session: SessionID, reason: CloseReason)] = []
  /// Slots that some worker has in hand; each is among the runs of its holder as well.
  var inHand: [SlotID: RunInHand] = [:]
  /// Bindings that are being committed.
  var bindings: [SlotID: Matchmaker.Match] = [:]
  var admissions: TokenBucket
  var isDraining = false
  package var refusedReports: [Refusal: Int] = [:]
  var withoutWorkerSince: [QueueKey: Timestamp] = [:]

  package enum CloseReason: Sendable, Hashable {
    /// A newer stream of the same process took over.
    case replaced
    /// It did not read what was written to it.
    case tooSlow
    /// It was refused; the refusal is written first.
    case refused
    /// Its lease ended.
    case leaseLost
    /// The server goes away, and the worker has nothing in hand.
    case draining
    /// The store takes nothing, and what it reports finds no more room.
    case unstored
  }

  package init(lease: Duration, now: Moment, queueBound: Int = 50_000) {
    self.lease = lease
    matchmaker = Matchmaker(queueBound: queueBound)
    admissions = TokenBucket(rate: 200, now: now.monotonic)
    graceEnds = .zero
    graceEnds = grace(from: now)
  }

  /// Reaps nothing for a while: what was recorded before may be out of date.
  package mutating func startGrace(_ now: Moment) {
    graceEnds = grace(from: now)
    for holder in holders.values { holder.leaseEnds = max(holder.leaseEnds, graceEnds) }
  }

  private func grace(from now: Moment) -> Duration {
    now.monotonic + lease + .seconds(5)
  }

  // MARK: Streams

  package mutating func opened(_ session: SessionID) {
    sessions[session] = Session(session)
  }

  /// The stream is gone; what the worker has in hand waits for it until the lease ends.
  package mutating func closed(_ session: SessionID) {
    matchmaker.leave(session)
    guard let closed = sessions.removeValue(forKey: session) else { return }
    full[session] = nil
    if closed.isToWake { toWake.removeAll { $0 === closed } }
    guard let holder = closed.holder else { return }
    closed.holder = nil
    holder.session = nil
    forgetIfIdle(holder)
  }

  /// A process without a stream is remembered for what it has in hand.
  mutating func forgetIfIdle(_ holder: Holder) {
    if holder.session == nil, holder.runs.isEmpty { holders[holder.boot] = nil }
  }

  /// Ends the stream of a process, if it has one; the worker is expected back.
  package mutating func close(_ boot: BootID, _ reason: CloseReason) {
    guard let session = holders[boot]?.session else { return }
    matchmaker.leave(session.id)
    toClose.append((session.id, reason))
  }

  /// The next message for a stream, `nil` when nothing waits.
  package mutating func nextMessage(_ session: SessionID) -> FromServer? {
    guard let open = sessions[session] else { return nil }
    let message = open.outbox.take()
    if !open.outbox.isFull {
      open.outbox.fullSince = nil
      matchmaker.setWindow(session, Outbox.bound - open.outbox.bytes)
    }
    return message
  }

  package mutating func takeWork() -> (
    wake: [SessionID], close: [(session: SessionID, reason: CloseReason)]
  ) {
    guard !toWake.isEmpty || !toClose.isEmpty else { return ([], []) }
    defer {
      toWake.removeAll(keepingCapacity: true)
      toClose = []
    }
    for session in toWake { session.isToWake = false }
    return (toWake.map(\.id), toClose)
  }

  /// The process whose stream it is.
  func boot(of session: SessionID) -> BootID? {
    sessions[session]?.holder?.boot
  }

  /// Something was put into its outbox.
  mutating func wake(_ session: Session) {
    if session.outbox.isFull { full[session.id] = session }
    guard !session.isToWake else { return }
    session.isToWake = true
    toWake.append(session)
  }

  mutating func send(_ session: Session, _ fill: (inout FromServer) -> Void) {
    session.outbox.append(control: fill)
    wake(session)
  }

  // MARK: Draining

  /// The server is going away: every worker is told when to come back, and gets nothing new.
  package mutating func drainAll(reconnectAfter: (SessionID) -> Duration) {
    isDraining = true
    for session in sessions.values where session.holder != nil {
      matchmaker.withdraw(session.id)
      send(session) { $0.drain = reconnectAfter(session.id) }
    }
  }

  /// Hangs up on workers that have nothing in hand and have read everything: nothing is on its way.
  package mutating func closeIdle() {
    for session in sessions.values where session.outbox.isEmpty {
      guard let holder = session.holder, holder.runs.isEmpty else { continue }
      toClose.append((session.id, .draining))
    }
  }

  /// Asks one worker for nothing more; `false` when there is none of that name.
  package mutating func drain(worker: String, namespace: String) -> Bool {
    let found = holders.values.filter {
      $0.hello.workerID == worker && $0.hello.namespace == namespace
    }
    for holder in found {
      holder.isDraining = true
      if let session = holder.session {
        matchmaker.withdraw(session.id)
        send(session) { $0.configure = Configure(disabledHandlers: holder.hello.handlers) }
      }
    }
    return !found.isEmpty
  }
}

/// Admits so many a second, and as many at once after a quiet second.
struct TokenBucket {
  let rate: Double
  private var tokens: Double
  private var filledAt: Duration

  init(rate: Double, now: Duration) {
    self.rate = rate
    tokens = rate
    filledAt = now
  }

  /// Takes one token, or says how long until there is one.
  mutating func take(now: Duration) -> Duration? {
    tokens = min(rate, tokens + (now - filledAt) / .seconds(1) * rate)
    filledAt = now
    guard tokens < 1 else {
      tokens -= 1
      return nil
    }
    return .seconds((1 - tokens) / rate)
  }
}
