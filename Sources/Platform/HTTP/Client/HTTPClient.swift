/// Asks HTTP servers, over connections kept open and one thread that all requests share.
///
/// It follows no redirects. Letting go of the client cancels what it has in hand.
package final class HTTPClient: Sendable {
  package struct Configuration: Sendable {
    /// Connections to one host and port at a time; further requests wait.
    package var maxConnectionsPerHost = 8
    package var connectTimeout: Duration = .seconds(5)
    package var userAgent = "tompion"
    /// The longest body `send` takes, in bytes. `stream` has no such limit.
    package var maxResponseBytes = 16 << 20
    /// Whether `http_proxy` and its kin in the environment count.
    package var usesEnvironmentProxy = false

    package init() {}
  }

  private let loop: ClientLoop

  package init(_ configuration: Configuration = Configuration()) {
    loop = ClientLoop(configuration)
    loop.start()
  }

  deinit { loop.post(.stop) }

  /// Sends `request` and waits for the whole answer. Cancelling the task aborts the transfer.
  package func send(
    _ request: HTTPClientRequest
  ) async throws(HTTPClientError) -> HTTPClientResponse {
    let transfer = try Transfer(request, isStreamed: false, loop.configuration)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.post(.start(transfer, .whole(continuation)))
      }
    } onCancel: {
      loop.post(.cancel(transfer))
    }
    return try result.get()
  }

  /// Sends `request` and returns as soon as status and headers are there.
  ///
  /// The body is read no faster than it is taken. The transfer ends with the body, when the task that
  /// waits for either is cancelled, or when the response is let go of.
  package func stream(
    _ request: HTTPClientRequest
  ) async throws(HTTPClientError) -> HTTPStreamedResponse {
    let transfer = try Transfer(request, isStreamed: true, loop.configuration)
    let body = HTTPBodyStream(of: transfer, on: loop)
    loop.post(.start(transfer, .stream(body.channel)))
    let head = try await body.untilCancelled { await body.channel.head() }.get()
    return HTTPStreamedResponse(status: head.status, headers: head.headers, body: body)
  }
}
