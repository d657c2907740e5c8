/// One request as the server received it, whole and within its limits.
package struct HTTPRequest: Sendable {
  /// One `name=value` of a query, decoded.
  package struct QueryItem: Sendable, Hashable {
    package let name: String
    /// Empty when there was no `=`.
    package let value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package let method: HTTPMethod
  /// What the request line named, unchanged.
  package let target: String
  /// The path as sent, still percent-encoded, without the query.
  package let path: String
  /// What stands between the slashes of `path`, decoded: `/a%2Fb/` has `a/b` and an empty segment.
  package let pathSegments: [String]
  /// The query in the order sent.
  package let query: [QueryItem]
  package let headers: HTTPHeaders
  package let body: [UInt8]
  /// The numeric address of the client, without its port.
  package let remoteAddress: String

  /// A request for `target`, or `nil` when the target is malformed, is not all ASCII, or holds a bad
  /// escape.
  package init?(
    method: HTTPMethod,
    target: String,
    headers: HTTPHeaders = [:],
    body: [UInt8] = [],
    remoteAddress: String = "127.0.0.1"
  ) {
    guard let parsed = RequestTarget(target) else { return nil }
    self.method = method
    self.target = target
    path = parsed.path
    pathSegments = parsed.segments
    query = parsed.query
    self.headers = headers
    self.body = body
    self.remoteAddress = remoteAddress
  }

  /// The first value under `name` in the query, or `nil`.
  package func queryValue(_ name: String) -> String? {
    query.first { $0.name == name }?.value
  }
}
