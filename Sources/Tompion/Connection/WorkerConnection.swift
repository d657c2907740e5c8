internal import Dispatch
internal import Engine
internal import PlatformGRPC
internal import Synchronization
internal import Wire

/// Drives a `WorkerSession`: streams, time and handlers on one side, its decisions on the other.
///
/// Messages are handled on gRPC's thread, time on a thread of its own, and handlers end on the threads
/// that Swift tasks share; each takes the lock for a moment, and performs what was decided after it.
/// Streams are opened and given up on the timer's thread alone, in the order decided.
final class WorkerConnection: Sendable {
  private struct State {
    var session: WorkerSession
    var runs: [RunID: ActiveRun] = [:]
    var stream: Stream?
    /// The stream that is listened to; 0 when none is.
    var number = 0
    /// What is being done; empty but while it is, so that its memory can be used again.
    var actions: [WorkerSession.Action] = []
    /// What the timer's thread is to do.
    var errands: [WorkerSession.Action] = []
    /// When the timer's thread looks again without being woken.
    var wakesAt: Duration = .zero
  }

  private struct Stream {
    let channel: GRPCChannel
    let stream: GRPCClientStream
    let end: StreamEnd
  }

  /// What a change of the session asks of the thread that made it.
  private struct Consequences {
    var starts: [ActiveRun] = []
    var cancels: [(ActiveRun, CancellationReason)] = []
    var stream: GRPCClientStream?
    var wakesTimer = false
  }

  /// What handlers left behind: gathered without the session's lock, taken in many at a time.
  private struct Inbox {
    var ended: [(run: RunID, outcome: WorkerSession.Outcome)] = []
    /// Whose thread takes them in; `nil` without a stream.
    var stream: GRPCClientStream?
  }

  private let handlers: [String: any JobHandler]
  private let transport: WorkerTransport
  private let namespace: String
  private let workerID: String
  private let listener: ConnectionListener
  private let state: Mutex<State>
  private let inbox = Mutex(Inbox())
  private let timer = TimerThread()

  init(
    settings: SessionSettings,
    handlers: [String: any JobHandler],
    transport: WorkerTransport,
    listener: ConnectionListener
  ) {
    self.handlers = handlers
    self.transport = transport
    self.listener = listener
    namespace = settings.namespace
    workerID = settings.workerID
    let seed = UInt64.random(in: .min ... .max)
    let session = WorkerSession(settings: settings, seed: seed, at: SystemTime.now())
    state = Mutex(State(session: session))
  }

  func start() {
    timer.start(name: "tompion.worker") { self.turn() }
  }

  func shutDown(grace: Duration) {
    change { $0.shutDown(grace: grace, at: $1) }
  }

  // MARK: What handlers say

  func ended(_ run: RunID, _ outcome: WorkerSession.Outcome) {
    let (isFirst, stream) = inbox.withLock { inbox in
      inbox.ended.append((run, outcome))
      return (inbox.ended.count == 1, inbox.stream)
    }
    guard isFirst else { return }
    if let stream { stream.wantsToSend() } else { change { _, _ in } }
  }

  func progressed(_ run: RunID, percent: Int?, note: String?) {
    change { $0.progressed(run, percent: percent, note: note, at: $1) }
  }

  func logged(_ line: Report.LogLine, by run: RunID) {
    change { session, _ in session.logged(line, by: run) }
  }

  var resultLimit: Int { state.withLock { $0.session.resultLimit } }

  // MARK: What the stream says

  fileprivate func received(_ bytes: UnsafeRawBufferPointer, on number: Int) {
    do throws(WireError) {
      let message = try unsafe FromServer(decoding: bytes)
      change(on: number) { $0.received(message, at: $1) }
    } catch {
      change(on: number) { $0.streamSpoke(nonsense: "\(error)", at: $1) }
    }
  }

  fileprivate func nextMessage(on number: Int) -> [UInt8]? {
    var message: FromWorker?
    change(on: number, wakingStream: false) { message = $0.nextMessage(at: $1) }
    return message?.encoded()
  }

  fileprivate func closed(_ status: GRPCStatus, on number: Int) {
    change(on: number) { $0.streamBroke("\(status)", at: $1) }
  }

  // MARK: Changes and their consequences

  private func change(
    on number: Int? = nil,
    wakingStream: Bool = true,
    _ body: (inout WorkerSession, Moment) -> Void
  ) {
    let consequences = state.withLock { state -> Consequences in
      guard number == nil || state.number == number else { return Consequences() }
      let now = SystemTime.now()
      takeEnded(&state, at: now)
      body(&state.session, now)
      return take(&state)
    }
    if wakingStream { consequences.stream?.wantsToSend() }
    perform(consequences)
  }

  private func takeEnded(_ state: inout State, at now: Moment) {
    let ended = inbox.withLock { inbox in
      let ended = inbox.ended
      guard !ended.isEmpty else { return ended }
      inbox.ended = []
      inbox.ended.reserveCapacity(min(ended.count, 256))
      return ended
    }
    for (run, outcome) in ended {
      state.runs[run] = nil
      state.session.ended(run, outcome, at: now)
    }
  }

  /// Runs are entered into the table under the lock, so that a cancellation always finds its run.
  private func take(_ state: inout State) -> Consequences {
    var result = Consequences()
    state.session.takeActions(into: &state.actions)
    for action in state.actions {
      switch action {
      case .start(let offer):
        let info = TaskInfo(offer: offer, namespace: namespace, workerID: workerID)
        let run = ActiveRun(info, on: self)
        state.runs[offer.run] = run
        result.starts.append(run)
      case .cancel(let run, let reason):
        if let run = state.runs[run] { result.cancels.append((run, reason)) }
      case .disconnect:
        state.number = 0  // From now on; the timer's thread closes the stream a little later.
        state.errands.append(action)
      case .connect, .announce, .finish: state.errands.append(action)
      }
    }
    state.actions.removeAll(keepingCapacity: true)
    if state.session.hasSomethingToSend { result.stream = state.stream?.stream }
    let isDue = state.session.nextDeadline.map { $0 < state.wakesAt } ?? false
    result.wakesTimer = isDue || !state.errands.isEmpty
    return result
  }

  private func perform(_ consequences: Consequences) {
    for run in consequences.starts {
      if let handler = handlers[run.info.handler] { run.start(handler) }
    }
    for (run, reason) in consequences.cancels { run.cancel(reason) }
    if consequences.wakesTimer { timer.wake() }
  }

  // MARK: The timer's thread

  private func turn() -> Duration? {
    change { $0.advance(to: $1) }
    while let errand = nextErrand() {
      guard run(errand) else { return nil }
    }
    return state.withLock { state in
      let now = SystemTime.now().elapsed
      state.wakesAt = state.session.nextDeadline ?? now + .seconds(1)
      return state.wakesAt - now
    }
  }

  private func nextErrand() -> WorkerSession.Action? {
    state.withLock { $0.errands.isEmpty ? nil : $0.errands.removeFirst() }
  }

  /// Says whether there may be more to do.
  private func run(_ errand: WorkerSession.Action) -> Bool {
    switch errand {
    case .connect(let server): connect(to: server)
    case .disconnect: detach()?.channel.close()
    case .announce(let announcement): listener.announce(announcement)
    case .start, .cancel: break
    case .finish:
      finish()
      return false
    }
    return true
  }

  /// The number is known before the stream is, because a stream may break at once.
  private func connect(to server: Int) {
    detach()?.channel.close()
    let number = transport.nextNumber()
    state.withLock { $0.number = number }
    let end = StreamEnd(number: number, connection: self)
    let channel = transport.channel(to: server)
    let stream = channel.open(WorkerTransport.path, metadata: transport.metadata) { _ in end }
    state.withLock { $0.stream = Stream(channel: channel, stream: stream, end: end) }
    inbox.withLock { $0.stream = stream }
    stream.wantsToSend()
  }

  private func detach() -> Stream? {
    inbox.withLock { $0.stream = nil }
    return state.withLock { state in
      defer { state.stream = nil }
      state.number = 0
      return state.stream
    }
  }

  /// A clean end lets the server free the session at once.
  private func finish() {
    if let stream = detach() {
      stream.stream.sendEnd()
      stream.end.waitUntilClosed()
      stream.channel.close()
    }
    listener.finished()
  }
}

/// This side's end of one stream.
private final class StreamEnd: GRPCStreamHandler {
  private let number: Int
  private let connection: WorkerConnection
  private let isClosed = DispatchSemaphore(value: 0)

  init(number: Int, connection: WorkerConnection) {
    self.number = number
    self.connection = connection
  }

  /// Blocks the thread until the stream is over, for at most a second.
  func waitUntilClosed() {
    _ = isClosed.wait(timeout: .now() + .seconds(1))
  }

  func received(_ message: UnsafeRawBufferPointer) {
    unsafe connection.received(message, on: number)
  }

  func nextMessage() -> [UInt8]? {
    connection.nextMessage(on: number)
  }

  func closed(_ status: GRPCStatus) {
    connection.closed(status, on: number)
    isClosed.signal()
  }
}
