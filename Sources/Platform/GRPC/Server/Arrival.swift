import CGRPC

/// A call that has come in, with everything that came with it.
struct IncomingCall: ~Copyable {
  let call: CallHandle
  let deadline: gpr_timespec
  let metadata: MetadataArray
  /// The first message of a unary call; `nil` for streams, and when the client sent none.
  var request: MessageBuffer?
}

/// One request to gRPC for the next call of a method, made again as soon as it has been answered.
@safe final class Arrival: CompletionReceiver, @unchecked Sendable {
  private let server: ServerCore
  private let method: RegisteredMethod
  private let call = unsafe Cell<OpaquePointer?>(nil)
  private let deadline = Cell(gpr_timespec())
  private let metadata = MetadataArray()
  private let message = unsafe Cell<UnsafeMutablePointer<grpc_byte_buffer>?>(nil)

  init(of method: RegisteredMethod, server: ServerCore) {
    self.server = server
    self.method = method
  }

  /// Asks for the next call. What gRPC refuses because it shuts down is over.
  func request() {
    let tag = Tag(self, 0)
    let queue = unsafe server.queue.raw
    let outcome = unsafe grpc_server_request_registered_call(
      server.raw,
      method.raw,
      call.address,
      deadline.address,
      metadata.address,
      method.method.isUnary ? message.address : nil,
      queue,
      queue,
      tag.raw
    )
    if outcome != GRPC_CALL_OK { tag.discard() }
  }

  override func completed(_ operation: Int, ok: Bool) {
    guard ok, let raw = unsafe call.value else { return }
    let first = unsafe message.value
    unsafe message.value = nil
    let incoming = IncomingCall(
      call: unsafe CallHandle(owning: raw, library: server.queue.library),
      deadline: deadline.value,
      metadata: metadata.take(),
      request: unsafe first.map { unsafe MessageBuffer(owning: $0) }
    )
    request()
    server.accept(incoming, of: method.method)
  }
}

/// One request to gRPC for a call of a method that the server does not have.
@safe final class StrayArrival: CompletionReceiver, @unchecked Sendable {
  private let server: ServerCore
  private let call = unsafe Cell<OpaquePointer?>(nil)
  private let details = unsafe Cell(grpc_call_details())
  private let metadata = MetadataArray()

  init(server: ServerCore) {
    self.server = server
    unsafe grpc_call_details_init(details.address)
  }

  deinit { unsafe grpc_call_details_destroy(details.address) }

  func request() {
    let tag = Tag(self, 0)
    let queue = unsafe server.queue.raw
    let outcome = unsafe grpc_server_request_call(
      server.raw,
      call.address,
      details.address,
      metadata.address,
      queue,
      queue,
      tag.raw
    )
    if outcome != GRPC_CALL_OK { tag.discard() }
  }

  override func completed(_ operation: Int, ok: Bool) {
    guard ok, let raw = unsafe call.value else { return }
    let path = unsafe details.value.method.text
    unsafe grpc_call_details_destroy(details.address)
    unsafe grpc_call_details_init(details.address)
    request()
    server.refuse(
      unsafe CallHandle(owning: raw, library: server.queue.library),
      GRPCStatus(.unimplemented, "this server has no method \(path.bounded(256))")
    )
  }
}

/// A call that is told why it cannot be served, and nothing else.
final class Refusal: CompletionReceiver, @unchecked Sendable {
  private var call: CallHandle?
  private let status: GRPCStatus
  private let server: ServerCore
  private let trailers: OutgoingMetadata?
  private let cancelled = Cell<Int32>(0)

  init(_ call: CallHandle, _ status: GRPCStatus, server: ServerCore) {
    self.call = call
    self.status = status.bounded
    self.server = server
    trailers = OutgoingMetadata(self.status.trailers())
  }

  func send() {
    var batch = Batch(status: status, trailers: trailers)
    batch.sendInitialMetadata(nil)
    batch.receiveCloseOnServer(cancelled)
    guard let call, !call.start(batch, self, 0) else { return }
    completed(0, ok: false)
  }

  override func completed(_ operation: Int, ok: Bool) {
    call = nil
    server.callEnded()
  }
}
