/// A client's connection to one server, made when it is first needed and made again when it breaks.
///
/// All channels of a process share one thread: completions, and the methods of stream handlers, run
/// there and must not hold it up.
package final class GRPCChannel: Sendable {
  private let core: ChannelCore

  /// A channel to `target`: `host:port`, or whatever else gRPC's name resolution knows.
  ///
  /// Nothing is connected yet, and nothing can fail: calls to a bad target end as `unavailable`.
  package init(
    target: String,
    configuration: GRPCChannelConfiguration = GRPCChannelConfiguration()
  ) {
    core = ChannelCore(target: target, configuration)
  }

  deinit { core.close() }

  /// Cancels the calls and streams that are open, and lets go of the connection. Later calls end as
  /// `unavailable`. Idempotent.
  package func close() {
    core.close()
  }

  /// Sends `request` and waits for the answer, or for `timeout`, or for the task to be cancelled.
  package func unary(
    _ path: String,
    request: [UInt8],
    metadata: GRPCMetadata = GRPCMetadata(),
    timeout: Duration
  ) async throws(GRPCStatus) -> [UInt8] {
    let call = ClientCall(core, path: path, metadata: metadata, timeout: timeout)
    let reply = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        call.start(request) { continuation.resume(returning: $0) }
      }
    } onCancel: {
      call.cancel()
    }
    return try reply.result.get()
  }

  /// Sends `request`; `completion` runs once with the answer, on the clients' thread.
  ///
  /// - Returns: what cancels the call. It need not be kept.
  @discardableResult
  package func unary(
    _ path: String,
    request: [UInt8],
    metadata: GRPCMetadata = GRPCMetadata(),
    timeout: Duration,
    completion: @escaping @Sendable (GRPCReply) -> Void
  ) -> GRPCCancellation {
    let call = ClientCall(core, path: path, metadata: metadata, timeout: timeout)
    call.start(request, completion)
    return GRPCCancellation(call)
  }

  /// Opens a stream. What `handler` returns is told everything that happens on it, on the clients'
  /// thread; `handler` itself runs on the caller's.
  ///
  /// `timeout` covers the whole life of the stream; `nil` sets no limit.
  @discardableResult
  package func open(
    _ path: String,
    metadata: GRPCMetadata = GRPCMetadata(),
    timeout: Duration? = nil,
    handler: (GRPCClientStream) -> any GRPCStreamHandler
  ) -> GRPCClientStream {
    let core = ClientStreamCore(core, path: path, metadata: metadata, timeout: timeout)
    let stream = GRPCClientStream(core: core)
    core.connect(handler(stream))
    core.postBegin()
    return stream
  }
}

/// How a unary call ended.
package struct GRPCReply: Sendable {
  /// The answer, or why there is none.
  package let result: Result<[UInt8], GRPCStatus>
  /// What the server sent after the answer.
  package let trailers: GRPCMetadata
}

/// Cancels one unary call.
package struct GRPCCancellation: Sendable {
  private let call: ClientCall

  init(_ call: ClientCall) {
    self.call = call
  }

  /// The call ends as `cancelled`, unless it has ended already. On any thread.
  package func callAsFunction() {
    call.cancel()
  }
}
