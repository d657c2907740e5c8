import ControlAPI
import PlatformHTTP

/// One method on one path: what it takes, what it gives, and who does it.
///
/// The router and the OpenAPI document are both made from these, so that they cannot differ.
struct Route: Sendable {
  let method: HTTPMethod
  /// With parameters in braces.
  let path: String
  /// The operation's name in the OpenAPI document; unique.
  let name: String
  let summary: String
  var query: [QueryParameter] = []
  var body = BodyRule.none
  /// Whether `If-Match` makes it conditional.
  var isConditional = false
  /// Whether `Idempotency-Key` makes a repeat return the first answer.
  var isRepeatable = false
  var answers: [Answer] = []
  var perform: @Sendable (RouteRequest) async throws(Problem) -> HTTPResponse

  init(
    _ method: HTTPMethod,
    _ path: String,
    _ name: String,
    _ summary: String,
    perform: @escaping @Sendable (RouteRequest) async throws(Problem) -> HTTPResponse
  ) {
    self.method = method
    self.path = path
    self.name = name
    self.summary = summary
    self.perform = perform
  }

  enum BodyRule: Sendable {
    /// The method has no body.
    case none
    case object([Field])
    /// An object that may be left out.
    case optional([Field])
    /// A merge patch of an object with these members.
    case patch([Field])
  }

  /// One way in which it goes well.
  struct Answer: Sendable {
    let status: Int
    let summary: String
    /// What the body is; `nil` when there is none or it is no JSON.
    let type: (any (Decodable & Sendable).Type)?
    let mediaType: String?

    init(
      _ status: Int,
      _ summary: String,
      _ type: (any (Decodable & Sendable).Type)? = nil,
      mediaType: String? = nil
    ) {
      self.status = status
      self.summary = summary
      self.type = type
      self.mediaType = mediaType ?? (type == nil ? nil : "application/json")
    }
  }

  /// Whether a token is needed where one is configured.
  var isGuarded: Bool { path.hasPrefix("/api/") }
}

/// One parameter of a query.
struct QueryParameter: Sendable {
  let name: String
  let kind: Field.Kind
  let summary: String

  static let paging = [
    QueryParameter(name: "limit", kind: .integer(1...Paging.most), summary: "100 unless given."),
    QueryParameter(
      name: "cursor",
      kind: .text(most: 1_024),
      summary: "Where to go on: the nextCursor of the part before."
    ),
  ]
}

// Short forms for the table.
extension Route {
  func taking(_ query: [QueryParameter]) -> Route {
    var route = self
    route.query += query
    return route
  }

  func taking(_ body: BodyRule) -> Route {
    var route = self
    route.body = body
    return route
  }

  func conditional() -> Route {
    var route = self
    route.isConditional = true
    return route
  }

  func repeatable() -> Route {
    var route = self
    route.isRepeatable = true
    return route
  }

  func answering(
    _ status: Int,
    _ summary: String,
    _ type: (any (Decodable & Sendable).Type)? = nil,
    mediaType: String? = nil
  ) -> Route {
    var route = self
    route.answers.append(Answer(status, summary, type, mediaType: mediaType))
    return route
  }
}
