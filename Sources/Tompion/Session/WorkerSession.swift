package import Engine
package import Wire

/// Everything a worker decides: a state machine without a clock, a thread or a socket of its own.
///
/// Whoever drives it says what happened and when, performs `takeActions()`, asks `nextMessage` while
/// the stream can be written, and calls `advance` no later than `nextDeadline`.
///
/// **Credits.** All handlers share one capacity, and a credit cannot be taken back. So what room
/// there is gets divided: while there is any, each handler holds at least one credit and at most its
/// part of the free room. An offer that finds no room, because other handlers used their credits
/// first, waits up to 8 s and is then declined; a server that counts `Hello.capacity` never makes
/// such an offer.
package struct WorkerSession: Sendable {
  /// What the driver is to do.
  package enum Action: Sendable {
    case start(Offer)
    case cancel(RunID, CancellationReason)
    /// Open a stream to this address, counted from 0. A new stream has its hello to send.
    case connect(server: Int)
    /// Give up the stream; whatever it still says is not to be passed on.
    case disconnect
    case announce(Announcement)
    /// The worker is done; the last action.
    case finish
  }

  package enum Announcement: Sendable, Hashable {
    case connected(server: Int)
    case reconnecting(server: Int, after: Duration)
    case reconnected(server: Int)
    case disconnected(reason: String)
  }

  enum Link: Sendable {
    case waiting(until: Duration)
    case greeting(since: Duration, isHelloSent: Bool)
    case open(since: Duration)
    case finished
  }

  struct Share: Sendable {
    /// Offers that the server may still make.
    var granted = 0
    /// Runs that wait for room or are in the handler.
    var active = 0
    var isDisabled = false
  }

  /// The part of a shutdown that has begun.
  struct Ending: Sendable {
    /// When handlers that still run are cancelled.
    var cancelAt: Duration
    var hasCancelled = false
    /// Whether the server was told on the present stream.
    var isSaid = false

    var giveUpAt: Duration { cancelAt + SessionSettings.lastWords }
  }

  var settings: SessionSettings
  var random: SessionRandom
  var link: Link
  var server = 0
  var delay = ReconnectDelay()
  /// When to leave a server that said it goes away.
  var leaveAt: Duration?
  var hasConnectedBefore = false
  var lease: Lease?
  var isBeatDue = false
  /// When the present hello was handed out.
  var helloSentAt: Duration = .zero
  /// The runs whose result went with the present hello.
  var resultsInHello: Set<RunID> = []
  var limits = Welcome.Limits()

  var runs: [RunID: SessionRun] = [:]
  var recent = RecentRuns()
  /// Runs that were taken back before their offer came; it still uses up its credit.
  var revoked = RecentRuns()
  var queue: [RunID] = []
  var shares: [String: Share] = [:]
  var runningCount = 0
  var areCreditsDue = false
  /// No run has a limit before this; `nil` when none has one.
  var nextLimit: Duration?

  var outbox = Outbox()
  var unacknowledgedCount = 0
  var unacknowledgedBytes = 0
  var ending: Ending?
  var actions: [Action] = []

  /// A worker that connects as soon as it is first advanced.
  package init(settings: SessionSettings, seed: UInt64, at now: Moment) {
    self.settings = settings
    random = SessionRandom(seed: seed)
    link = .waiting(until: now.elapsed)
    for handler in settings.handlers { shares[handler] = Share() }
    server = Int.random(in: 0..<settings.serverCount, using: &random)
  }

  /// What is to be done now, in order. Each action is handed out once.
  package mutating func takeActions() -> [Action] {
    defer { actions = [] }
    return actions
  }

  /// Puts what is to be done now, in order, into `empty`, whose memory serves for what is decided next.
  package mutating func takeActions(into empty: inout [Action]) {
    precondition(empty.isEmpty, "an action would be done twice")
    swap(&actions, &empty)
  }

  package var isFinished: Bool {
    if case .finished = link { true } else { false }
  }

  /// How many handlers are being run, those asked to stop included.
  package var running: Int { runningCount }

  /// How many final reports wait for their acknowledgement.
  package var unacknowledged: Int { unacknowledgedCount }

  /// The longest result the server takes, in bytes.
  package var resultLimit: Int { min(limits.result, WireLimits.result) }
}
