/// What one live stream is connected to. Every method runs on the queue's thread, one at a time.
///
/// The thread serves all streams and calls of its server or client: whatever takes long, or waits,
/// goes elsewhere. A handler that keeps its stream is let go of by it after `closed`.
package protocol GRPCStreamHandler: AnyObject, Sendable {
  /// Client side: the server has accepted the stream and sent these headers. At most once.
  func opened(_ metadata: GRPCMetadata)

  /// A message arrived. Its bytes are valid during the call only.
  ///
  /// The next one is read when this returns, unless `pauseReading()` was called on the stream.
  func received(_ message: UnsafeRawBufferPointer)

  /// The next message to send, or `nil` when there is none.
  ///
  /// It is asked for after `wantsToSend()`, and again each time the message before has left, until
  /// it returns `nil`. So whatever was queued while a write was in flight can go into one message.
  func nextMessage() -> [UInt8]?

  /// Server side: the client will send no more. At most once, after its last message.
  func receivedEnd()

  /// The stream is over. Exactly once, last. On the client, `status` is what the server sent or why
  /// it could not; on the server it is what was sent, or else `cancelled` or `deadlineExceeded`.
  func closed(_ status: GRPCStatus)
}

extension GRPCStreamHandler {
  package func opened(_ metadata: GRPCMetadata) {}
  package func receivedEnd() {}
}
