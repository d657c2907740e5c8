/// What a client asks.
package struct HTTPClientRequest: Sendable {
  package var method: HTTPMethod
  /// An absolute `http` or `https` URL.
  package var url: String
  package var headers: HTTPHeaders
  package var body: [UInt8]
  /// For `send`, until the whole answer is there; for `stream`, until its head is. `nil` waits forever.
  package var timeout: Duration?

  package init(
    _ method: HTTPMethod = .get,
    _ url: String,
    headers: HTTPHeaders = [:],
    body: [UInt8] = [],
    timeout: Duration? = .seconds(30)
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
  }
}

/// A whole answer.
package struct HTTPClientResponse: Sendable {
  package let status: Int
  package let headers: HTTPHeaders
  package let body: [UInt8]
}

/// An answer whose body is still arriving.
package struct HTTPStreamedResponse: Sendable {
  package let status: Int
  package let headers: HTTPHeaders
  package let body: HTTPBodyStream
}

/// Why a request got no answer. An answer with a status of 400 or more is not an error.
package struct HTTPClientError: Error, Hashable {
  package enum Code: Sendable, Hashable {
    /// The URL is malformed, or neither `http` nor `https`.
    case badURL
    /// A header field of the request cannot be sent.
    case badRequest
    /// The name does not resolve, nobody listens, or TLS was not agreed on.
    case cannotConnect
    case timedOut
    /// The answer is longer than the client takes.
    case tooLarge
    /// The calling task was cancelled, or the client is gone.
    case cancelled
    /// The other side broke the protocol or the connection.
    case `protocol`
  }

  package let code: Code
  /// For a person; names host and port, never the credentials or the path.
  package let message: String
}
