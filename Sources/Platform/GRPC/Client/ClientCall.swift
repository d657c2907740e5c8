import CGRPC
import Synchronization

/// One unary call of a client: everything in one batch, and one completion.
@safe final class ClientCall: CompletionReceiver, @unchecked Sendable {
  private let channel: ChannelCore
  private let path: String
  private let call: Mutex<CallHandle?>
  private let headers: OutgoingMetadata?
  private let received = MetadataArray()
  private let message = unsafe Cell<UnsafeMutablePointer<grpc_byte_buffer>?>(nil)
  private let ending = ReceivedStatus()
  private var request: MessageBuffer?
  private var completion: (@Sendable (GRPCReply) -> Void)?

  init(_ channel: ChannelCore, path: String, metadata: GRPCMetadata, timeout: Duration) {
    self.channel = channel
    self.path = path
    headers = OutgoingMetadata(metadata)
    call = Mutex(channel.begin(path, timeout: timeout))
  }

  /// To be called once.
  func start(_ request: [UInt8], _ completion: @escaping @Sendable (GRPCReply) -> Void) {
    guard let call = call.withLock({ $0 }) else { return }
    self.completion = completion
    let buffer = MessageBuffer(copying: request)
    var batch = Batch()
    batch.sendInitialMetadata(headers)
    batch.sendMessage(buffer)
    batch.sendCloseFromClient()
    batch.receiveInitialMetadata(received)
    unsafe batch.receiveMessage(message)
    batch.receiveStatus(ending)
    self.request = consume buffer
    if !call.start(batch, self, 0) { finish(failedToStart) }
  }

  func cancel() {
    call.withLock { $0 }?.cancel(GRPCStatus(.cancelled, "the caller cancelled"))
  }

  override func completed(_ operation: Int, ok: Bool) {
    let (status, trailers) = ending.read()
    let raw = unsafe message.value
    let answer = unsafe raw.map { unsafe MessageBuffer(owning: $0).withBytes { unsafe Array($0) } }
    finish(GRPCReply(result: outcome(status, answer), trailers: trailers))
  }

  private func outcome(_ status: GRPCStatus, _ answer: [UInt8]?) -> Result<[UInt8], GRPCStatus> {
    guard status.code == .ok else { return .failure(status) }
    guard let answer else {
      return .failure(GRPCStatus(.internal, "\(path) ended well, but without an answer"))
    }
    return .success(answer)
  }

  private var failedToStart: GRPCReply {
    let status = GRPCStatus(.internal, "gRPC refused to call \(path)")
    return GRPCReply(result: .failure(status), trailers: GRPCMetadata())
  }

  /// Lets go of the call before anyone hears of it, so that a channel can be closed right after.
  private func finish(_ reply: GRPCReply) {
    let ended = call.withLock { call in
      defer { call = nil }
      return call
    }
    if let ended { channel.ended(ended) }
    completion?(reply)
    completion = nil
  }
}
