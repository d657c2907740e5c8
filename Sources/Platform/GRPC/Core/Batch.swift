import CGRPC

/// Operations that are started together and complete together, under one tag.
@safe struct Batch {
  /// There are not more kinds of operation that go together; the array is in place, without an allocation.
  private var operations = unsafe InlineArray<6, grpc_op>(repeating: grpc_op())
  private var count = 0
  /// What goes with the status to send, if there is one in the batch.
  private var statusMessage = ""

  init() {}

  mutating func sendInitialMetadata(_ metadata: OutgoingMetadata?) {
    unsafe add(GRPC_OP_SEND_INITIAL_METADATA) { operation in
      unsafe operation.data.send_initial_metadata.count = metadata?.entries.count ?? 0
      unsafe operation.data.send_initial_metadata.metadata = metadata?.entries.baseAddress
    }
  }

  mutating func sendMessage(_ message: borrowing MessageBuffer) {
    let raw = unsafe message.raw
    unsafe add(GRPC_OP_SEND_MESSAGE) { unsafe $0.data.send_message.send_message = raw }
  }

  mutating func sendCloseFromClient() {
    unsafe add(GRPC_OP_SEND_CLOSE_FROM_CLIENT) { _ in }
  }

  /// Ends the call from the server's side. At most once in a batch.
  mutating func sendStatus(
    _ code: GRPCStatus.Code,
    message: String,
    trailers: OutgoingMetadata?
  ) {
    statusMessage = message
    unsafe add(GRPC_OP_SEND_STATUS_FROM_SERVER) { operation in
      unsafe operation.data.send_status_from_server.status = code.core
      unsafe operation.data.send_status_from_server.trailing_metadata_count =
        trailers?.entries.count ?? 0
      unsafe operation.data.send_status_from_server.trailing_metadata =
        trailers?.entries.baseAddress
    }
  }

  mutating func receiveInitialMetadata(_ metadata: borrowing MetadataArray) {
    let address = unsafe metadata.address
    unsafe add(GRPC_OP_RECV_INITIAL_METADATA) {
      unsafe $0.data.recv_initial_metadata.recv_initial_metadata = address
    }
  }

  mutating func receiveMessage(_ slot: borrowing Cell<UnsafeMutablePointer<grpc_byte_buffer>?>) {
    let address = unsafe slot.address
    unsafe add(GRPC_OP_RECV_MESSAGE) { unsafe $0.data.recv_message.recv_message = address }
  }

  mutating func receiveStatus(_ ending: borrowing ReceivedStatus) {
    let trailers = unsafe ending.trailers.address
    let code = unsafe ending.code.address
    let message = unsafe ending.message.address
    unsafe add(GRPC_OP_RECV_STATUS_ON_CLIENT) { operation in
      unsafe operation.data.recv_status_on_client.trailing_metadata = trailers
      unsafe operation.data.recv_status_on_client.status = code
      unsafe operation.data.recv_status_on_client.status_details = message
    }
  }

  mutating func receiveCloseOnServer(_ cancelled: borrowing Cell<Int32>) {
    let address = unsafe cancelled.address
    unsafe add(GRPC_OP_RECV_CLOSE_ON_SERVER) {
      unsafe $0.data.recv_close_on_server.cancelled = address
    }
  }

  /// Starts the operations on `call`. When gRPC refuses them, `tag` is discarded.
  func start(on call: OpaquePointer, _ tag: Tag) -> Bool {
    let outcome = unsafe statusMessage.isEmpty ? launch(call, tag) : launchWithMessage(call, tag)
    if outcome != GRPC_CALL_OK { tag.discard() }
    return outcome == GRPC_CALL_OK
  }

  private func launch(_ call: OpaquePointer, _ tag: Tag) -> grpc_call_error {
    unsafe operations.span.withUnsafeBufferPointer { operations in
      unsafe grpc_call_start_batch(call, operations.baseAddress, count, tag.raw, nil)
    }
  }

  /// gRPC reads the message when the batch starts, and does not keep the pointer.
  private func launchWithMessage(_ call: OpaquePointer, _ tag: Tag) -> grpc_call_error {
    var message = unsafe grpc_slice(copying: statusMessage)
    defer { unsafe grpc_slice_unref(message) }
    return unsafe withUnsafeMutablePointer(to: &message) { message in
      var batch = self
      for index in 0..<count
      where unsafe batch.operations[index].op == GRPC_OP_SEND_STATUS_FROM_SERVER {
        unsafe batch.operations[index].data.send_status_from_server.status_details = message
      }
      return unsafe batch.launch(call, tag)
    }
  }

  private mutating func add(_ kind: grpc_op_type, _ fill: (inout grpc_op) -> Void) {
    unsafe operations[count].op = kind
    unsafe fill(&operations[count])
    count += 1
  }
}

/// Where gRPC puts the status that a client receives.
@safe struct ReceivedStatus: ~Copyable {
  let trailers = MetadataArray()
  let code = Cell(GRPC_STATUS_UNKNOWN)
  let message = unsafe Cell(grpc_empty_slice())

  deinit { unsafe grpc_slice_unref(message.value) }

  /// What arrived. The call must still be there.
  func read() -> (status: GRPCStatus, trailers: GRPCMetadata) {
    let trailers = self.trailers.read()
    let status = GRPCStatus(
      GRPCStatus.Code(core: code.value),
      unsafe message.value.text,
      details: trailers.bytes(for: statusDetailsKey) ?? []
    )
    return (status, trailers)
  }
}

/// The trailer that carries a serialized google.rpc.Status.
let statusDetailsKey = "grpc-status-details-bin"

extension GRPCStatus.Code {
  var core: grpc_status_code { grpc_status_code(Int32(rawValue)) }

  init(core code: grpc_status_code) {
    self = UInt32(exactly: code.rawValue).flatMap(GRPCStatus.Code.init) ?? .unknown
  }
}
