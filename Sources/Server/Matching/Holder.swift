import Engine
import Wire

/// One process of one worker: how it introduced itself, how long its lease runs, what it has in hand.
///
/// A broken stream ends nothing: the holder stays until its lease ends or it comes back.
final class Holder {
  let boot: BootID
  private(set) var owner: Owner
  /// What it said of itself when it came last.
  private(set) var hello: Hello
  private(set) var peer: String
  private(set) var connectedAt: Timestamp
  /// The open stream, if there is one.
  var session: Session?
  var isDraining = false
  /// On the monotonic clock.
  var leaseEnds: Duration
  var lastHeartbeatAt: Timestamp
  /// What it has in hand, in no order.
  private(set) var runs: [RunInHand] = []

  init(_ hello: Hello, peer: String, at now: Timestamp, leaseEnds: Duration) {
    boot = hello.bootID
    owner = Owner(worker: hello.workerID, boot: hello.bootID)
    self.hello = hello
    self.peer = peer
    connectedAt = now
    lastHeartbeatAt = now
    self.leaseEnds = leaseEnds
  }

  /// The process is back, on another stream.
  func reintroduce(_ hello: Hello, peer: String, at now: Timestamp, leaseEnds: Duration) {
    owner = Owner(worker: hello.workerID, boot: boot)
    self.hello = hello
    self.peer = peer
    connectedAt = now
    lastHeartbeatAt = now
    self.leaseEnds = leaseEnds
  }

  func take(_ run: RunInHand) {
    run.place = runs.count
    runs.append(run)
  }

  /// Puts down a run that it took; the last one moves to its place.
  func drop(_ run: RunInHand) {
    let last = runs.removeLast()
    guard last !== run else { return }
    last.place = run.place
    runs[run.place] = last
  }
}

/// One open stream: what waits to be written to it, and whose it is.
final class Session {
  let id: Matchmaker.SessionID
  var outbox = Outbox()
  /// Whose stream it is: from the admission on, until a newer stream takes over.
  var holder: Holder?
  /// Whether it is among those to be woken.
  var isToWake = false

  init(_ id: Matchmaker.SessionID) {
    self.id = id
  }
}

/// One slot that a worker has in hand, and when it must have been heard of again.
final class RunInHand {
  let id: RunID
  /// The two refer to each other until the run leaves the hand.
  let holder: Holder
  let template: SharedTemplate
  /// Where its holder keeps it.
  fileprivate(set) var place = 0
  var stage = Stage.offered
  /// When the next limit passes, on the monotonic clock; `nil` when none runs.
  var deadline: Duration?
  /// What happens then.
  var overdue = Overdue.acknowledgement
  /// When the run and the total limits pass, on the monotonic clock.
  var runEnds: Duration?
  var totalEnds: Duration?

  init(_ id: RunID, of holder: Holder, _ template: SharedTemplate) {
    self.id = id
    self.holder = holder
    self.template = template
  }

  enum Stage {
    case offered
    case running
    case stopping(StopReason)

    var isOffered: Bool {
      if case .offered = self { true } else { false }
    }

    var isStopping: Bool {
      if case .stopping = self { true } else { false }
    }
  }

  /// What is overdue when the deadline passes.
  enum Overdue {
    case acknowledgement
    case lease
    case limit(SlotEvent.Limit)
    case stop

    var event: SlotEvent {
      switch self {
      case .acknowledgement: .acknowledgementOverdue
      case .lease: .leaseLost
      case .limit(let limit): .limitPassed(limit)
      case .stop: .stopOverdue
      }
    }
  }
}
