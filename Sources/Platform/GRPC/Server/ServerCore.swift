import CGRPC
import Synchronization

/// The C server and the count of what is still open on it.
///
/// ```
/// idle ─ start ─▶ running ─ drain ─▶ draining ─ last call ended, listeners closed ─▶ stopped
///   └───────────────── drain ──────────────────────────────────────────────────────────▲
/// ```
@safe final class ServerCore: CompletionReceiver, @unchecked Sendable {
  private enum Phase {
    case idle
    case running
    case draining
    case stopped
  }

  private enum Operation {
    /// The server is closed: its listeners, its connections and its requests for calls are gone.
    static let closed = 0
    /// Answers wait to be sent.
    static let answers = 1
  }

  let raw: OpaquePointer
  let queue: CompletionQueue
  let configuration: GRPCServerConfiguration
  private let methods: [RegisteredMethod]
  private let phase = Mutex(Phase.idle)
  private let stop: StopSignal
  /// What was answered on other threads and is sent on the queue's: one after the other there costs less
  /// than next to each other, where gRPC would pass its work around among threads.
  private let answered = Mutex<[UnaryExchange]>([])

  // On the queue's thread only.
  var openCalls = 0
  private var isClosed = false

  init(
    _ configuration: GRPCServerConfiguration,
    _ methods: [GRPCMethod]
  ) throws(GRPCServerError) {
    try configuration.check(methods)
    let stop = StopSignal()
    let queue = CompletionQueue(name: "tompion.grpc", whenStopped: { stop.fire() })
    let raw = unsafe configuration.arguments.withCore { unsafe grpc_server_create($0, nil) }
    guard let raw = unsafe raw else { preconditionFailure("gRPC always creates a server") }
    unsafe grpc_server_register_completion_queue(raw, queue.raw, nil)
    unsafe self.raw = raw
    self.queue = queue
    self.stop = stop
    self.configuration = configuration
    self.methods = methods.map { unsafe RegisteredMethod($0, on: raw) }
  }

  func start() throws(GRPCServerError) -> GRPCAddress {
    let address = try bind()
    phase.withLock { phase in
      precondition(phase == .idle, "a server is started once")
      phase = .running
    }
    unsafe grpc_server_start(raw)
    for method in methods {
      for _ in 0..<method.arrivals { Arrival(of: method, server: self).request() }
    }
    for _ in 0..<4 { StrayArrival(server: self).request() }
    return address
  }

  func drain() {
    let before = phase.withLock { phase in
      defer { if phase != .stopped { phase = phase == .idle ? .stopped : .draining } }
      return phase
    }
    switch before {
    case .idle: destroy()
    case .running:
      unsafe grpc_server_shutdown_and_notify(raw, queue.raw, Tag(self, Operation.closed).raw)
    case .draining, .stopped: break
    }
  }

  /// Cancels what is still open, if the server is draining.
  func cancelCalls() {
    phase.withLock { phase in
      guard phase == .draining else { return }
      unsafe grpc_server_cancel_all_calls(raw)
    }
  }

  /// Returns when nothing of the server is left.
  func stopped() async {
    await stop.wait()
  }

  override func completed(_ operation: Int, ok: Bool) {
    if operation == Operation.answers { return sendAnswers() }
    isClosed = true
    destroyIfDone()
  }

  /// Has the answer of `exchange`, whose call is `call`, sent soon. On any thread.
  func send(_ exchange: UnaryExchange, of call: CallHandle) {
    let isFirst = answered.withLock { answered in
      answered.append(exchange)
      return answered.count == 1
    }
    if isFirst { call.post(self, Operation.answers) }
  }

  private func sendAnswers() {
    let exchanges = answered.withLock { answered in
      defer { answered = [] }
      return answered
    }
    for exchange in exchanges { exchange.send() }
  }

  func callEnded() {
    openCalls -= 1
    destroyIfDone()
  }

  private func destroyIfDone() {
    guard isClosed, openCalls == 0 else { return }
    phase.withLock { $0 = .stopped }
    destroy()
  }

  private func destroy() {
    unsafe grpc_server_destroy(raw)
    queue.shutdown()
  }
}

/// Lets any number of tasks wait for one event.
private final class StopSignal: Sendable {
  private struct State {
    var hasFired = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func fire() {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      state.hasFired = true
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isLate = state.withLock { state in
        if !state.hasFired { state.waiting.append(continuation) }
        return state.hasFired
      }
      if isLate { continuation.resume() }
    }
  }
}
