/// Finds the handler for a method and a path; what a handler is, is its owner's affair.
///
/// A route reads `GET /tasks/{id}/why`: a segment in braces matches any one segment that is not empty.
/// Where a written segment and a braced one both match, the written one is tried first.
package struct Router<Handler: Sendable>: Sendable {
  /// What became of a lookup.
  package enum Match: Sendable {
    /// `parameters` holds the decoded segments under the names the route gave them.
    case found(Handler, parameters: [String: String])
    /// The path is known under these methods only; they belong in the `Allow` field.
    case methodNotAllowed(allow: [HTTPMethod])
    case notFound
  }

  private struct Endpoint: Sendable {
    let names: [String]
    let handler: Handler
  }

  private struct Node: Sendable {
    var written: [String: Node] = [:]
    var braced: [Node] = []  // One at most; an array gives the recursion its indirection.
    var endpoints: [HTTPMethod: Endpoint] = [:]
  }

  private var root = Node()

  package init() {}

  /// Adds a route. A malformed one, or one that is there already, is a bug and stops the program.
  package mutating func add(_ route: String, _ handler: Handler) {
    let words = route.split(separator: " ")
    guard words.count == 2, let method = HTTPMethod(rawValue: String(words[0])) else {
      preconditionFailure("a route is a method and a path, not \"\(route)\"")
    }
    precondition(words[1].hasPrefix("/"), "the path of \"\(route)\" starts with a slash")
    let segments = words[1].dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    let names = segments.compactMap(Self.name(in:))
    precondition(Set(names).count == names.count, "\"\(route)\" uses a name twice")
    let added = Self.add(
      Endpoint(names: names, handler: handler),
      for: method,
      at: words[1] == "/" ? [] : segments[...],
      below: &root
    )
    precondition(added, "\"\(route)\" is there already")
  }

  /// Looks up `pathSegments`, which are decoded already. `HEAD` falls back on `GET`.
  package func match(_ method: HTTPMethod, _ pathSegments: [String]) -> Match {
    var values: [String] = []
    var allowed: Set<HTTPMethod> = []
    let endpoint = Self.find(method, pathSegments[...], below: root, &values, &allowed)
    if let endpoint {
      let parameters = Dictionary(uniqueKeysWithValues: zip(endpoint.names, values))
      return .found(endpoint.handler, parameters: parameters)
    }
    guard !allowed.isEmpty else { return .notFound }
    if allowed.contains(.get) { allowed.insert(.head) }
    return .methodNotAllowed(allow: HTTPMethod.allCases.filter(allowed.contains))
  }

  private static func name(in segment: Substring) -> String? {
    guard segment.hasPrefix("{"), segment.hasSuffix("}") else { return nil }
    return String(segment.dropFirst().dropLast())
  }

  /// Whether the place was free.
  private static func add(
    _ endpoint: Endpoint,
    for method: HTTPMethod,
    at segments: ArraySlice<Substring>,
    below node: inout Node
  ) -> Bool {
    guard let segment = segments.first else {
      return node.endpoints.updateValue(endpoint, forKey: method) == nil
    }
    guard name(in: segment) != nil else {
      return add(
        endpoint,
        for: method,
        at: segments.dropFirst(),
        below: &node.written[String(segment), default: Node()]
      )
    }
    if node.braced.isEmpty { node.braced.append(Node()) }
    return add(endpoint, for: method, at: segments.dropFirst(), below: &node.braced[0])
  }

  private static func find(
    _ method: HTTPMethod,
    _ segments: ArraySlice<String>,
    below node: Node,
    _ values: inout [String],
    _ allowed: inout Set<HTTPMethod>
  ) -> Endpoint? {
    guard let segment = segments.first else {
      allowed.formUnion(node.endpoints.keys)
      return node.endpoints[method] ?? (method == .head ? node.endpoints[.get] : nil)
    }
    if let next = node.written[segment] {
      let found = find(method, segments.dropFirst(), below: next, &values, &allowed)
      if let found { return found }
    }
    guard let next = node.braced.first, !segment.isEmpty else { return nil }
    values.append(segment)
    let found = find(method, segments.dropFirst(), below: next, &values, &allowed)
    if found == nil { values.removeLast() }
    return found
  }
}
