import CGRPC
import Synchronization

/// A stream to a server. Every method may be called on any thread, and after the end.
package final class GRPCClientStream: Sendable {
  private let core: ClientStreamCore

  init(core: ClientStreamCore) {
    self.core = core
  }

  /// Has the handler asked for its next message as soon as none is in flight. Cheap, and coalesced.
  package func wantsToSend() { core.wantsToSend() }

  /// No message is read after the one that may be on its way; the server is slowed down in turn.
  ///
  /// The end of a stream comes after its last message, so it is not seen while reading is paused.
  package func pauseReading() { core.pauseReading() }

  package func resumeReading() { core.resumeReading() }

  /// Tells the server that nothing more comes, once the handler has nothing more to send.
  package func sendEnd() { core.end(.ok) }

  /// Ends the stream at once. The handler is told `status`, the server only that it is cancelled.
  package func cancel(
    _ status: GRPCStatus = GRPCStatus(.cancelled, "the client cancelled the stream")
  ) {
    precondition(status.code != .ok, "a stream cannot be cancelled with ok")
    core.abort(status)
  }

  /// What the server sent with its status. Empty until the stream is closed.
  package var trailers: GRPCMetadata { core.trailers.withLock { $0 } }
}

final class ClientStreamCore: StreamCore, @unchecked Sendable {
  let trailers = Mutex(GRPCMetadata())
  private let channel: ChannelCore
  private let headers: OutgoingMetadata?
  private let received = MetadataArray()
  private let ending = ReceivedStatus()

  init(_ channel: ChannelCore, path: String, metadata: GRPCMetadata, timeout: Duration?) {
    self.channel = channel
    headers = OutgoingMetadata(metadata)
    let call = channel.begin(path, timeout: timeout)
    super.init(call: call)
  }

  /// Has the first turn on the queue's thread, where all others will be.
  func postBegin() {
    call?.post(self, Operation.begin)
  }

  override func begin() {
    var headers = Batch()
    headers.sendInitialMetadata(self.headers)
    sendHeaders(headers)
    var opened = Batch()
    opened.receiveInitialMetadata(received)
    start(opened, Operation.headersReceived)
    var status = Batch()
    status.receiveStatus(ending)
    start(status, Operation.over)
  }

  override func advance(_ operation: Int, _ ok: Bool) {
    if operation == Operation.headersReceived, ok { handler?.opened(received.read()) }
    super.advance(operation, ok)
  }

  override func sendEnd(_ status: GRPCStatus) {
    var batch = Batch()
    batch.sendCloseFromClient()
    start(batch, Operation.endSent)
  }

  override func finalStatus(aborted: GRPCStatus?) -> GRPCStatus {
    let (status, trailers) = ending.read()
    self.trailers.withLock { $0 = trailers }
    if let call { channel.ended(call) }
    return status
  }
}
