import ControlAPI
import PlatformCrypto
import PlatformHTTP
import Store

/// A request that found its route, with everything checked that the route's description tells.
struct RouteRequest: Sendable {
  let http: HTTPRequest
  private let path: [String: String]
  /// The body; an empty object where none was sent and none is needed.
  let json: JSONValue
  let conditions: RequestConditions
  let paging: Paging

  init(_ http: HTTPRequest, _ path: [String: String], _ route: Route) throws(Problem) {
    self.http = http
    self.path = path
    try RouteRequest.checkQuery(of: http, route)
    json = try RouteRequest.body(of: http, route)
    conditions = RequestConditions(
      idempotency: route.isRepeatable ? try RouteRequest.idempotencyKey(of: http) : nil,
      revision: route.isConditional ? try RouteRequest.revisionMatch(of: http) : .none
    )
    paging = try RouteRequest.paging(of: http)
  }

  /// The segment that the route calls `name`.
  subscript(name: String) -> String { path[name] ?? "" }

  var namespace: String { self["ns"] }

  /// The value of a query's parameter; an empty one counts as left out.
  func query(_ name: String) -> String? {
    http.queryValue(name).flatMap { $0.isEmpty ? nil : $0 }
  }
}

// The query.
extension RouteRequest {
  private static func checkQuery(of http: HTTPRequest, _ route: Route) throws(Problem) {
    let known = route.query.map(\.name)
    var seen: Set<String> = []
    for item in http.query {
      guard known.contains(item.name) else {
        let names = known.isEmpty ? "it takes none" : "it takes \(known.joined(separator: ", "))"
        throw Problem(
          .unknownParameter,
          "there is no parameter \"\(item.name.shortened)\" here; \(names)",
          field: item.name.shortened
        )
      }
      guard seen.insert(item.name).inserted else {
        throw Problem(.invalidParameter, "\(item.name) is given twice", field: item.name)
      }
    }
  }

  private static func paging(of http: HTTPRequest) throws(Problem) -> Paging {
    var paging = Paging(cursor: http.queryValue("cursor").flatMap { $0.isEmpty ? nil : $0 })
    if let text = http.queryValue("limit") {
      guard let limit = Int(text) else {
        throw Problem(
          .invalidParameter,
          "limit must be an integer from 1 to \(Paging.most), not \"\(text.shortened)\"",
          field: "limit"
        )
      }
      paging.limit = limit
    }
    return paging
  }
}

// The body.
extension RouteRequest {
  private static func body(of http: HTTPRequest, _ route: Route) throws(Problem) -> JSONValue {
    let types: [String]
    switch route.body {
    case .none: return .object([:])
    case .optional where http.body.isEmpty: return .object([:])
    case .patch: types = ["application/merge-patch+json", "application/json"]
    case .object, .optional: types = ["application/json"]
    }
    guard !http.body.isEmpty else {
      throw Problem(.malformedJSON, "a JSON object is expected; the body is empty")
    }
    try checkType(of: http, types)
    do throws(JSONSyntaxError) {
      return try JSONParser.parse(http.body)
    } catch {
      throw Problem(
        .malformedJSON,
        "line \(error.line), column \(error.column): \(error.message)"
      )
    }
  }

  private static func checkType(of http: HTTPRequest, _ types: [String]) throws(Problem) {
    let given = http.headers["Content-Type"] ?? ""
    let parts = given.split(separator: ";").map {
      $0.filter { $0 != " " && $0 != "\t" }.lowercased()
    }
    let hasType = parts.first.map(types.contains) ?? false
    let charset = parts.dropFirst().first { $0.hasPrefix("charset=") }?.dropFirst(8)
    let isUTF8 = charset.map { ["utf-8", "\"utf-8\"", "us-ascii"].contains($0) } ?? true
    guard hasType, isUTF8 else {
      let shown = given.isEmpty ? "none" : "\"\(given.shortened)\""
      throw Problem(
        .unsupportedMediaType,
        "Content-Type must be \(types.joined(separator: " or ")) in UTF-8, not \(shown)",
        field: "Content-Type"
      )
    }
  }
}

// The headers.
extension RouteRequest {
  private static func idempotencyKey(of http: HTTPRequest) throws(Problem) -> IdempotencyKey? {
    guard let key = http.headers["Idempotency-Key"] else { return nil }
    guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
    else {
      throw Problem(
        .invalidHeader,
        "Idempotency-Key must be 1 to 255 printable ASCII characters, not \"\(key.shortened)\"",
        field: "Idempotency-Key"
      )
    }
    var hash = SHA256()
    hash.update(Array("\(http.method.rawValue) \(http.path)\n".utf8))
    hash.update(http.body)
    return IdempotencyKey(key: key, body: hash.finalize())
  }

  /// `*`, or entity tags in quotes with commas between (RFC 9110, 13.1.1).
  private static func revisionMatch(of http: HTTPRequest) throws(Problem) -> RevisionMatch {
    let lines = http.headers.values("If-Match")
    guard !lines.isEmpty else { return .none }
    let tags = lines.joined(separator: ",").split(separator: ",").map {
      String($0.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
    if tags == ["*"] { return .any }
    var revisions: Set<Int64> = []
    for tag in tags {
      let strong = tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
      guard strong.count >= 2, strong.first == "\"", strong.last == "\"",
        !strong.dropFirst().dropLast().contains("\"")
      else { throw malformedMatch(tag) }
      // A weak tag, or one we never made, matches nothing (RFC 9110, 8.8.3.2).
      if strong == tag, let revision = Int64(strong.dropFirst().dropLast()) {
        revisions.insert(revision)
      }
    }
    guard !tags.isEmpty else { throw malformedMatch("") }
    return .oneOf(revisions)
  }

  private static func malformedMatch(_ tag: String) -> Problem {
    Problem(
      .invalidHeader,
      "If-Match must be * or an ETag in quotes such as \"3\", not \(tag.shortened)",
      field: "If-Match"
    )
  }
}
