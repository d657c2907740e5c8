import CGRPC
import Synchronization

/// How a unary call is answered.
enum UnaryAnswer {
  case message([UInt8], trailers: GRPCMetadata)
  case failure(GRPCStatus, trailers: GRPCMetadata = GRPCMetadata())
  /// Made on the queue's thread.
  case later(@Sendable () throws(GRPCStatus) -> [UInt8])
}

/// One unary call, from its request to the moment when nothing of it is left.
///
/// The answer is sent on the queue's thread, wherever it was given. It takes the watch for cancellation
/// into its own batch when there was none before: one completion instead of two.
final class UnaryExchange: CompletionReceiver, @unchecked Sendable {
  private enum Operation {
    static let closed = 0
    static let answered = 1
  }

  private struct State {
    /// `nil` once the call is over.
    var call: CallHandle?
    var inFlight = 0
    var answer: UnaryAnswer?
    var isAnswered = false
    var isWatched = false
    var isCancelled = false
    var whenCancelled: (@Sendable () -> Void)?
  }

  let method: String
  let deadline: gpr_timespec
  private let request: MessageBuffer
  private let received: MetadataArray
  private let server: ServerCore
  private let cancelled = Cell<Int32>(0)
  private let state: Mutex<State>
  // What is being sent. On the queue's thread only.
  private var sent: MessageBuffer?
  private var trailers: OutgoingMetadata?

  init(
    _ incoming: consuming IncomingCall,
    request: consuming MessageBuffer,
    method: String,
    server: ServerCore
  ) {
    self.method = method
    self.server = server
    deadline = incoming.deadline
    state = Mutex(State(call: incoming.call))
    self.request = request
    received = incoming.metadata
  }

  func withRequest<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    unsafe request.withBytes(body)
  }

  var metadata: GRPCMetadata {
    state.withLock { $0.call == nil ? GRPCMetadata() : received.read() }
  }

  var peer: String { state.withLock { $0.call?.peer ?? "" } }

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  func onCancel(_ action: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      if !state.isCancelled, !state.isAnswered { state.whenCancelled = action }
      return state.isCancelled
    }
    if isLate { action() }
  }

  /// The first answer counts. What is claimed here keeps the call until it has been sent.
  func answer(_ answer: UnaryAnswer) {
    let call: CallHandle? = state.withLock { state in
      guard let call = state.call, !state.isAnswered else { return nil }
      state.isAnswered = true
      state.answer = answer
      state.whenCancelled = nil
      state.inFlight += 1
      return call
    }
    guard let call else { return }
    if server.queue.isOnThread { send() } else { server.send(self, of: call) }
  }

  /// Sends the answer that was given. On the queue's thread, once.
  func send() {
    let (call, answer, watches) = state.withLock { state in
      defer {
        state.isWatched = true
        state.answer = nil
      }
      return (state.call, state.answer, !state.isWatched)
    }
    guard let call, let answer else { return }
    var batch = Batch()
    batch.sendInitialMetadata(nil)
    fill(&batch, answer)
    if watches { batch.receiveCloseOnServer(cancelled) }
    start(batch, on: call, Operation.answered)
  }

  private func fill(_ batch: inout Batch, _ answer: UnaryAnswer) {
    switch answer {
    case .later(let make):
      do throws(GRPCStatus) {
        fill(&batch, .message(try make(), trailers: GRPCMetadata()))
      } catch {
        fill(&batch, .failure(error.bounded))
      }
    case .message(let bytes, let trailers):
      let message = MessageBuffer(copying: bytes)
      batch.sendMessage(message)
      sent = consume message
      self.trailers = OutgoingMetadata(trailers)
      batch.sendStatus(.ok, message: "", trailers: self.trailers)
    case .failure(let status, let trailers):
      self.trailers = OutgoingMetadata(status.trailers(after: trailers))
      batch.sendStatus(status.code, message: status.message, trailers: self.trailers)
    }
  }

  /// Has a cancellation noticed before the answer. On the queue's thread, once the handler has returned.
  func watch() {
    let call: CallHandle? = state.withLock { state in
      guard !state.isWatched else { return nil }
      state.isWatched = true
      state.inFlight += 1
      return state.call
    }
    guard let call else { return }
    var batch = Batch()
    batch.receiveCloseOnServer(cancelled)
    start(batch, on: call, Operation.closed)
  }

  private func start(_ batch: Batch, on call: CallHandle, _ operation: Int) {
    let started = call.start(batch, self, operation)
    precondition(started, "gRPC refused an operation on \(method)")
  }

  override func completed(_ operation: Int, ok: Bool) {
    let wasCancelled = cancelled.value != 0
    let (action, isOver): ((@Sendable () -> Void)?, Bool) = state.withLock { state in
      state.inFlight -= 1
      defer { state.whenCancelled = nil }
      if operation == Operation.closed, !state.isAnswered { state.isCancelled = wasCancelled }
      guard state.inFlight == 0 else { return (state.whenCancelled, false) }
      state.call = nil
      return (state.whenCancelled, true)
    }
    action?()
    if isOver { server.callEnded() }
  }
}
