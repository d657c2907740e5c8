import Synchronization

/// How a request gets its answer.
package enum HTTPAnswer: Sendable {
  /// The answer is known already; it leaves without a task being started.
  case immediate(HTTPResponse)
  /// The answer comes from a task of its own, cancelled if the client goes away meanwhile.
  case async(@Sendable () async -> HTTPResponse)
}

/// Serves HTTP/1.1 from one event loop on a thread of its own.
///
/// Between `start` and the end of `shutdown` the thread lives on, whoever keeps the value.
package struct HTTPServer: Sendable {
  /// What a server allows. Every limit is per connection unless it says otherwise.
  package struct Configuration: Sendable {
    /// A numeric address or a name; the server listens on the first it resolves to.
    package var host = "127.0.0.1"
    /// 0 lets the system choose.
    package var port: UInt16 = 0
    /// The longest body a handler gets to see, in bytes; a longer one is answered 413, at once if its
    /// head says so.
    package var maxBodyBytes = 1 << 20
    /// The request line and the header fields together with their line ends, in bytes; more is answered
    /// 400. Of requests that are sent ahead the line ends do not count.
    package var maxHeaderBytes = 16 << 10
    /// From the first byte of a request to the last; a slower client is cut off without an answer, at
    /// most an eighth of that, or a second, later.
    package var requestDeadline: Duration = .seconds(10)
    /// How long a connection may lie idle, or take nothing of an answer that waits for it.
    package var idleTimeout: Duration = .seconds(60)
    /// Open connections at a time, over the whole server; more wait in the listen queue or are closed.
    package var maxConnections = 1024
    /// The answer to what never reaches a handler: 400, 413, 417, 501 or 505.
    ///
    /// It runs on the loop's thread, and the connection is closed after it.
    package var errorResponse: @Sendable (_ status: Int) -> HTTPResponse = { status in
      .text(HTTPResponse.reason(for: status) + "\n", status: status)
    }

    package init() {}
  }

  /// Where a server listens.
  package struct Address: Sendable, Hashable {
    package let host: String
    package let port: UInt16
  }

  private let loop: ServerLoop

  /// A server whose `answer` decides per request whether a task is needed.
  ///
  /// `answer` runs on the loop's thread and holds up every connection while it does.
  package init(
    _ configuration: Configuration = Configuration(),
    answer: @escaping @Sendable (HTTPRequest) -> HTTPAnswer
  ) {
    loop = ServerLoop(configuration, answer: answer)
  }

  /// A server that gives every request a task of its own.
  package init(
    _ configuration: Configuration = Configuration(),
    handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
  ) {
    self.init(configuration, answer: { request in .async { await handler(request) } })
  }

  /// Starts listening and returns where. At most once per server.
  package func start() throws(HTTPServerError) -> Address {
    try loop.start()
  }

  /// Stops accepting, waits up to `grace` for answers in progress, then closes what is left.
  ///
  /// An endless streamed body lasts until `grace` is over, unless its owner ends it. Calling this again,
  /// or before `start`, is harmless.
  package func shutdown(grace: Duration) async {
    await loop.shutdown(grace: grace)
  }
}

/// Why a server could not start.
package struct HTTPServerError: Error, Hashable {
  package enum Code: Sendable, Hashable {
    /// The address does not resolve, is taken, or may not be used.
    case cannotListen
    /// The system refused an event loop.
    case outOfResources
    /// `start` was called before.
    case alreadyStarted
  }

  package let code: Code
  package let message: String
}
