import CGRPC

/// One call of gRPC core, let go of when its last holder is done with it.
///
/// Batches must not be started once the call has ended, for its queue may be gone by then: its owner
/// sees to that. Cancelling is allowed at any time, from any thread.
@safe final class CallHandle: @unchecked Sendable {
  private let raw: OpaquePointer
  private let library: GRPCLibrary

  init(owning raw: OpaquePointer, library: GRPCLibrary) {
    unsafe self.raw = raw
    self.library = library
  }

  deinit { unsafe grpc_call_unref(raw) }

  /// Starts `batch`; its completion goes to `receiver` as `operation`. False: it never will.
  func start(_ batch: Batch, _ receiver: CompletionReceiver, _ operation: Int) -> Bool {
    unsafe batch.start(on: raw, Tag(receiver, operation))
  }

  /// Lets `receiver` have `operation` on the queue's thread, soon. It may be called on any thread.
  func post(_ receiver: CompletionReceiver, _ operation: Int) {
    let outcome = unsafe grpc_call_start_batch(raw, nil, 0, Tag(receiver, operation).raw, nil)
    precondition(outcome == GRPC_CALL_OK, "gRPC takes an empty batch while the queue is open")
  }

  /// Ends the call at once. A server's peer is told `status`; a client sees it as the outcome.
  func cancel(_ status: GRPCStatus) {
    _ = unsafe grpc_call_cancel_with_status(
      raw,
      status.code.core,
      status.message.bounded(1024),
      nil
    )
  }

  /// Whether the last read came back empty because of a failure, and not because the peer is done.
  var failedToRead: Bool {
    unsafe grpc_call_failed_before_recv_message(raw) != 0
  }

  /// The address of the other side, as gRPC writes it: `ipv4:127.0.0.1:50312`.
  var peer: String {
    guard let text = unsafe grpc_call_get_peer(raw) else { return "" }
    defer { unsafe gpr_free(text) }
    return unsafe String(cString: text)
  }
}

extension String {
  /// The text, or as much of its beginning as fits into `limit` bytes of UTF-8.
  func bounded(_ limit: Int) -> String {
    guard utf8.count > limit else { return self }
    return String(decoding: utf8.prefix(limit), as: UTF8.self)
  }
}
