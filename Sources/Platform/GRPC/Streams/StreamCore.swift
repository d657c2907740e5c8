import CGRPC
import Synchronization

/// What both ends of a stream have in common: one read and one write in flight, and turns.
///
/// A turn is a stretch of work on the queue's thread; only turns touch the handler and start
/// operations. Other threads leave their wishes under the lock and post a turn if none is coming.
@safe class StreamCore: CompletionReceiver, @unchecked Sendable {
  private let wishes: Mutex<StreamWishes>
  /// `nil` once the stream is over.
  private(set) var call: CallHandle?
  private(set) var handler: (any GRPCStreamHandler)?

  private let incoming = unsafe Cell<UnsafeMutablePointer<grpc_byte_buffer>?>(nil)
  private var outgoing: MessageBuffer?
  private var inFlight = 0
  private var isReading = false
  private var isWriting = false
  private var isReadable = true
  private var isWritable = true
  private var isOver = false

  init(call: CallHandle) {
    self.call = call
    wishes = Mutex(StreamWishes(call: call))
  }

  // MARK: For the two kinds of streams

  /// Starts what the kind of stream needs before anything else.
  func begin() {}
  /// Has the end of the stream noticed, if that is not so from the beginning. Called more than once.
  ///
  /// As long as a message is awaited, the end ends that as well.
  func watchEnd() {}
  /// Sends the end: a server's status, a client's half-close.
  func sendEnd(_ status: GRPCStatus) {}
  /// How the stream ended, asked once after `over` and before the call is let go of.
  func finalStatus(aborted: GRPCStatus?) -> GRPCStatus { .ok }
  /// The call is gone; the handler has been told.
  func released() {}

  // MARK: On any thread

  func wantsToSend() {
    change { wishes in
      guard !wishes.wantsToSend else { return false }
      wishes.wantsToSend = true
      return true
    }
  }

  func pauseReading() {
    change { wishes in
      wishes.isReadingPaused = true
      return false
    }
  }

  func resumeReading() {
    change { wishes in
      defer { wishes.isReadingPaused = false }
      return wishes.isReadingPaused
    }
  }

  func end(_ status: GRPCStatus) {
    change { wishes in
      guard wishes.ending == nil else { return false }
      wishes.ending = status
      return true
    }
  }

  func abort(_ status: GRPCStatus) {
    let call: CallHandle? = wishes.withLock { wishes in
      guard wishes.aborted == nil else { return nil }
      wishes.aborted = status
      return wishes.call
    }
    call?.cancel(status)
  }

  /// Makes `change` and posts a turn when that returns true and none is coming.
  private func change(_ change: (inout StreamWishes) -> Bool) {
    wishes.withLock { wishes in
      guard change(&wishes), let call = wishes.call, !wishes.isTurnComing else { return }
      wishes.isTurnComing = true
      call.post(self, Operation.turn)
    }
  }

  // MARK: On the queue's thread

  /// Takes the handler. Called once, before the first turn.
  func connect(_ handler: any GRPCStreamHandler) {
    self.handler = handler
  }

  /// The first turn.
  func beginTurns() {
    begin()
    settle()
  }

  /// Starts `batch`, of which `operation` will be told. What gRPC refuses ends the stream.
  func start(_ batch: Batch, _ operation: Int) {
    inFlight += 1
    guard let call, !call.start(batch, self, operation) else { return }
    inFlight -= 1
    call.cancel(GRPCStatus(.internal, "gRPC refused an operation on this stream"))
  }

  override func completed(_ operation: Int, ok: Bool) {
    guard call != nil else { return }  // A turn that was posted before the stream ended.
    switch operation {
    case Operation.begin: return beginTurns()
    case Operation.turn: break
    default: inFlight -= 1
    }
    wishes.withLock { $0.isTurnComing = true }
    advance(operation, ok)
    settle()
  }

  /// Takes note of what completed.
  func advance(_ operation: Int, _ ok: Bool) {
    switch operation {
    case Operation.read: readCompleted()
    case Operation.headersSent, Operation.written, Operation.endSent:
      outgoing = nil
      isWriting = false
      if !ok { isWritable = false }
    case Operation.over: isOver = true
    default: break
    }
  }

  func sendHeaders(_ batch: Batch) {
    isWriting = true
    start(batch, Operation.headersSent)
  }

  private func readCompleted() {
    isReading = false
    guard let raw = unsafe incoming.value else {
      isReadable = false
      watchEnd()
      if !isOver, let call, !call.failedToRead { handler?.receivedEnd() }
      return
    }
    unsafe incoming.value = nil
    let message = unsafe MessageBuffer(owning: raw)
    unsafe message.withBytes { unsafe handler?.received($0) }
  }

  private func settle() {
    while true {
      switch nextStep() {
      case .pull: write(handler?.nextMessage())
      case .end(let status):
        isWritable = false
        isWriting = true
        watchEnd()
        sendEnd(status)
      case .read: read()
      case .release: return release()
      case .rest:
        if !isReading { watchEnd() }
        return
      }
    }
  }

  private enum Step {
    case pull
    case end(GRPCStatus)
    case read
    case release
    case rest
  }

  private func nextStep() -> Step {
    wishes.withLock { wishes in
      if isOver {
        wishes.isTurnComing = false
        return inFlight == 0 ? .release : .rest
      }
      if isWritable, !isWriting {
        if wishes.wantsToSend {
          wishes.wantsToSend = false
          return .pull
        }
        if let status = wishes.ending { return .end(status) }
      }
      if isReadable, !isReading, !wishes.isReadingPaused { return .read }
      wishes.isTurnComing = false
      return .rest
    }
  }

  private func write(_ message: [UInt8]?) {
    guard let message else { return }
    wishes.withLock { $0.wantsToSend = true }  // Asked again until there is nothing.
    let buffer = MessageBuffer(copying: message)
    var batch = Batch()
    batch.sendMessage(buffer)
    outgoing = consume buffer
    isWriting = true
    start(batch, Operation.written)
  }

  private func read() {
    isReading = true
    var batch = Batch()
    unsafe batch.receiveMessage(incoming)
    start(batch, Operation.read)
  }

  private func release() {
    let aborted = wishes.withLock { wishes in
      wishes.call = nil
      return wishes.aborted
    }
    let status = finalStatus(aborted: aborted)
    call = nil
    handler?.closed(status)
    handler = nil
    released()
  }
}
