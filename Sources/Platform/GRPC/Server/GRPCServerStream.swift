import CGRPC

/// A stream that a client opened. Every method may be called on any thread, and after the end.
package final class GRPCServerStream: Sendable {
  /// The path that the client asked for: `/package.Service/Method`.
  package let method: String
  /// The headers that the client sent.
  package let metadata: GRPCMetadata
  /// The address of the client, as gRPC writes it: `ipv4:127.0.0.1:50312`.
  package let peer: String
  private let core: ServerStreamCore

  init(core: ServerStreamCore, method: String, metadata: GRPCMetadata, peer: String) {
    self.core = core
    self.method = method
    self.metadata = metadata
    self.peer = peer
  }

  /// Has the handler asked for its next message as soon as none is in flight. Cheap, and coalesced.
  package func wantsToSend() { core.wantsToSend() }

  /// No message is read after the one that may be on its way; the client is slowed down in turn.
  package func pauseReading() { core.pauseReading() }

  package func resumeReading() { core.resumeReading() }

  /// Ends the stream once the handler has nothing more to send. Only the first call counts.
  package func finish(_ status: GRPCStatus = .ok) { core.end(status.bounded) }

  /// Ends the stream at once, whatever is in flight. The client is not sent the status's details.
  package func abort(_ status: GRPCStatus) { core.abort(status.bounded) }
}

final class ServerStreamCore: StreamCore, @unchecked Sendable {
  private let server: ServerCore
  private let deadline: gpr_timespec
  private let cancelled = Cell<Int32>(0)
  private var isEndWatched = false
  private var sent: GRPCStatus?
  private var trailers: OutgoingMetadata?

  init(call: CallHandle, deadline: gpr_timespec, server: ServerCore) {
    self.server = server
    self.deadline = deadline
    super.init(call: call)
  }

  override func begin() {
    var headers = Batch()
    headers.sendInitialMetadata(nil)
    sendHeaders(headers)
  }

  /// Not before it is needed: what is outstanding costs all others, see `RegisteredMethod.arrivals`.
  override func watchEnd() {
    guard !isEndWatched else { return }
    isEndWatched = true
    var closing = Batch()
    closing.receiveCloseOnServer(cancelled)
    start(closing, Operation.over)
  }

  override func sendEnd(_ status: GRPCStatus) {
    sent = status
    trailers = OutgoingMetadata(status.trailers())
    start(Batch(status: status, trailers: trailers), Operation.endSent)
  }

  override func finalStatus(aborted: GRPCStatus?) -> GRPCStatus {
    if cancelled.value == 0, let sent { return sent }
    if let aborted { return aborted }
    if deadline.remaining == .zero {
      return GRPCStatus(.deadlineExceeded, "the client's deadline passed")
    }
    return GRPCStatus(.cancelled, "the client cancelled the call or went away")
  }

  override func released() {
    server.callEnded()
  }
}
