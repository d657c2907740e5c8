/// What the server answers.
///
/// The server itself writes `Date`, `Content-Length` and `Transfer-Encoding`; fields of the last two
/// names are left out, as is any field whose name or value could not be sent without changing what
/// follows it (`HTTPHeaders.Field.isSendable`). `Connection: close` ends the connection.
package struct HTTPResponse: Sendable {
  package enum Body: Sendable {
    case bytes([UInt8])
    /// Sent chunk by chunk as the client takes them; HTTP/1.0 clients get it until the connection
    /// closes. The task that iterates is cancelled when the client goes away.
    case stream(any AsyncSequence<[UInt8], Never> & Sendable)
  }

  /// 200 to 599.
  package var status: Int
  package var headers: HTTPHeaders
  package var body: Body

  package init(status: Int, headers: HTTPHeaders = [:], body: Body = .bytes([])) {
    precondition((200...599).contains(status), "an answer's status is between 200 and 599")
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// An answer in plain text.
  package static func text(_ text: String, status: Int = 200) -> HTTPResponse {
    HTTPResponse(
      status: status,
      headers: ["Content-Type": "text/plain; charset=utf-8"],
      body: .bytes(Array(text.utf8))
    )
  }

  /// The usual words for `status` (RFC 9110, 15), or the name of its class.
  package static func reason(for status: Int) -> String {
    reasons[status]
      ?? ["", "", "Success", "Redirection", "Client Error", "Server Error"][status / 100]
  }

  private static let reasons: [Int: String] = [
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
    301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
    307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
    411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 417: "Expectation Failed",
    422: "Unprocessable Content", 428: "Precondition Required", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout", 505: "HTTP Version Not Supported",
  ]
}
