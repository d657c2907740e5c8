import Engine
import Wire

/// One process of one worker: how it introduced itself, how long its lease runs, what it has in hand.
///
/// A broken stream ends nothing: the holder stays until its lease ends or it comes back.
struct Holder {
  /// What it said of itself, apart, so that a holder is cheap to copy.
  private final class Introduction: Sendable {
    let hello: Hello
    let peer: String

    init(_ hello: Hello, peer: String) {
      self.hello = hello
      self.peer = peer
    }
  }

  let boot: BootID
  private let introduction: Introduction
  let connectedAt: Timestamp
  /// The open stream, if there is one.
  var session: Matchmaker.SessionID?
  var isDraining = false
  /// On the monotonic clock.
  var leaseEnds: Duration
  var lastHeartbeatAt: Timestamp
  var runs: [SlotID: RunInHand] = [:]

  init(
    boot: BootID,
    hello: Hello,
    peer: String,
    connectedAt: Timestamp,
    session: Matchmaker.SessionID?,
    isDraining: Bool = false,
    leaseEnds: Duration,
    lastHeartbeatAt: Timestamp,
    runs: [SlotID: RunInHand] = [:]
  ) {
    self.boot = boot
    introduction = Introduction(hello, peer: peer)
    self.connectedAt = connectedAt
    self.session = session
    self.isDraining = isDraining
    self.leaseEnds = leaseEnds
    self.lastHeartbeatAt = lastHeartbeatAt
    self.runs = runs
  }

  var hello: Hello { introduction.hello }
  var peer: String { introduction.peer }
  var owner: Owner { Owner(worker: introduction.hello.workerID, boot: boot) }
}

/// One slot that a worker has in hand, and when it must have been heard of again.
struct RunInHand {
  var epoch: Epoch
  let template: SharedTemplate
  let createdAt: Timestamp
  var stage: Stage
  /// When the next limit passes, on the monotonic clock; `nil` when none runs.
  var deadline: Duration?
  /// What happens then.
  var overdue: SlotEvent
  /// When the run and the total limits pass, on the monotonic clock.
  var runEnds: Duration?
  var totalEnds: Duration?

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
}
