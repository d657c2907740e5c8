package import Engine
import Store
package import Wire

/// Everything matching knows: the queues, the workers, and who has what in hand.
///
/// A value without clocks, threads or I/O. What happens goes in through its methods, what is to be done
/// comes out as commands for the store and as messages in the outboxes, so that every race can be
/// played through by a test.
package struct Dispatch {
  package typealias SessionID = Matchmaker.SessionID

  /// How long a worker may be silent before its runs go to others. 2 s to 5 min.
  package let lease: Duration
  /// Nothing is reaped before this, on the monotonic clock: after a start, an outage, a clock step.
  var graceEnds: Duration
  package var matchmaker: Matchmaker
  var holders: [BootID: Holder] = [:]
  /// The boots behind the open streams.
  var boots: [SessionID: BootID] = [:]
  var outboxes: [SessionID: Outbox] = [:]
  /// Streams that have something to write, and streams to be closed.
  var toWake: Set<SessionID> = []
  var toClose: [(session: SessionID, reason: CloseReason)] = []
  /// Who has a slot in hand.
  var inHand: [SlotID: BootID] = [:]
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
    for boot in holders.keys {
      let ends = holders[boot]?.leaseEnds ?? .zero
      holders[boot]?.leaseEnds = max(ends, graceEnds)
    }
  }

  private func grace(from now: Moment) -> Duration {
    now.monotonic + lease + .seconds(5)
  }

  // MARK: Streams

  package mutating func opened(_ session: SessionID) {
    outboxes[session] = Outbox()
  }

  /// The stream is gone; what the worker has in hand waits for it until the lease ends.
  package mutating func closed(_ session: SessionID) {
    outboxes[session] = nil
    toWake.remove(session)
    matchmaker.leave(session)
    guard let boot = boots.removeValue(forKey: session), holders[boot]?.session == session else {
      return
    }
    holders[boot]?.session = nil
    if holders[boot]?.runs.isEmpty ?? true { holders[boot] = nil }
  }

  /// Ends the stream of a process, if it has one; the worker is expected back.
  package mutating func close(_ boot: BootID, _ reason: CloseReason) {
    guard let session = holders[boot]?.session else { return }
    matchmaker.leave(session)
    toClose.append((session, reason))
  }

  /// The next message for a stream, `nil` when nothing waits.
  package mutating func nextMessage(_ session: SessionID) -> FromServer? {
    guard let wasFull = outboxes[session]?.isFull else { return nil }
    let message = outboxes[session]?.take()
    if let outbox = outboxes[session], !outbox.isFull {
      if wasFull { outboxes[session]?.fullSince = nil }
      matchmaker.setWindow(session, Outbox.bound - outbox.bytes)
    }
    return message
  }

  package mutating func takeWork() -> (
    wake: Set<SessionID>, close: [(session: SessionID, reason: CloseReason)]
  ) {
    defer {
      toWake = []
      toClose = []
    }
    return (toWake, toClose)
  }

  mutating func send(_ session: SessionID, _ fill: (inout FromServer) -> Void) {
    outboxes[session]?.append(control: fill)
    toWake.insert(session)
  }

  // MARK: Draining

  /// The server is going away: every worker is told when to come back, and gets nothing new.
  package mutating func drainAll(reconnectAfter: (SessionID) -> Duration) {
    isDraining = true
    for session in boots.keys {
      matchmaker.withdraw(session)
      send(session) { $0.drain = reconnectAfter(session) }
    }
  }

  /// Hangs up on workers that have nothing in hand and have read everything: nothing is on its way.
  package mutating func closeIdle() {
    for (session, boot) in boots where outboxes[session]?.isEmpty ?? true {
      guard holders[boot]?.runs.isEmpty ?? true else { continue }
      toClose.append((session, .draining))
    }
  }

  /// Asks one worker for nothing more; `false` when there is none of that name.
  package mutating func drain(worker: String, namespace: String) -> Bool {
    let found = holders.values.filter {
      $0.hello.workerID == worker && $0.hello.namespace == namespace
    }
    for holder in found {
      holders[holder.boot]?.isDraining = true
      if let session = holder.session {
        matchmaker.withdraw(session)
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
