import ControlAPI
import PlatformCrypto
package import PlatformHTTP

/// The control API over HTTP: finds the route, checks what it takes, and answers.
package struct RESTInterface: Sendable {
  package struct Configuration: Sendable {
    package var version = "0.1.0"
    /// What clients must show on everything below `/api`; `nil` asks for nothing.
    package var token: String?
    /// Why the server takes no work now; `nil` when it does.
    package var unreadiness: @Sendable () async -> String? = { nil }
    /// The metrics in Prometheus' text format, and its content type.
    package var metrics: @Sendable () -> (text: String, contentType: String)

    package init(metrics: @escaping @Sendable () -> (text: String, contentType: String)) {
      self.metrics = metrics
    }
  }

  let routes: [Route]
  private let router: Router<Route>
  private let token: [UInt8]?

  package init(
    controller: Controller,
    events: any EventSource,
    _ configuration: Configuration
  ) {
    var routes = RouteTable.routes(controller, events, configuration)
    routes.append(RouteTable.openAPI(describing: routes, version: configuration.version))
    var router = Router<Route>()
    for route in routes { router.add("\(route.method.rawValue) \(route.path)", route) }
    self.routes = routes
    self.router = router
    token = configuration.token.map { Array($0.utf8) }
  }

  /// A server of this interface, not yet started; port 0 lets the system choose.
  package func server(host: String, port: UInt16) -> HTTPServer {
    var configuration = HTTPServer.Configuration()
    configuration.host = host
    configuration.port = port
    configuration.errorResponse = RESTInterface.libraryError
    return HTTPServer(configuration) { request in await answer(request) }
  }

  package func answer(_ request: HTTPRequest) async -> HTTPResponse {
    var response = await unguardedAnswer(request)
    response.headers["X-Content-Type-Options"] = "nosniff"
    if response.headers["Cache-Control"] == nil { response.headers["Cache-Control"] = "no-store" }
    return response
  }

  private func unguardedAnswer(_ request: HTTPRequest) async -> HTTPResponse {
    do throws(Problem) {
      try checkToken(of: request)
      try checkOrigin(of: request)
      switch router.match(request.method, request.pathSegments) {
      case .found(let route, let parameters):
        return try await route.perform(try RouteRequest(request, parameters, route))
      case .methodNotAllowed(let allowed):
        return RESTInterface.methodNotAllowed(request.method, allowed)
      case .notFound:
        throw Problem(.notFound, "there is nothing at \(request.path.shortened)")
      }
    } catch {
      return .problem(error)
    }
  }

  private static func methodNotAllowed(
    _ method: HTTPMethod,
    _ allowed: [HTTPMethod]
  ) -> HTTPResponse {
    let names = allowed.map(\.rawValue).joined(separator: ", ")
    return .problem(
      Problem(.methodNotAllowed, "\(method.rawValue) is not offered here; \(names) are"),
      ["Allow": names]
    )
  }

  /// What never reaches a route.
  private static func libraryError(_ status: Int) -> HTTPResponse {
    switch status {
    case 413: .problem(Problem(.tooLarge, "a body has at most 1 MiB"))
    case 400: .problem(Problem(.malformedRequest, "the request is no proper HTTP"))
    default:
      .problem(Problem(status: status, .malformedRequest, HTTPResponse.reason(for: status)))
    }
  }
}

// Who may ask.
extension RESTInterface {
  private func checkToken(of request: HTTPRequest) throws(Problem) {
    guard let token, request.pathSegments.first == "api" else { return }
    let given = request.headers["Authorization"] ?? ""
    let parts = given.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer",
      Array(parts[1].utf8).equalsInConstantTime(token)
    else {
      throw Problem(
        .unauthorized,
        "the header Authorization: Bearer TOKEN is needed, with the server's token",
        field: "Authorization"
      )
    }
  }

  /// A page of another site must not make a browser change things here.
  private func checkOrigin(of request: HTTPRequest) throws(Problem) {
    guard request.method != .get, request.method != .head,
      let origin = request.headers["Origin"]
    else { return }
    let host = origin.split(separator: "/", omittingEmptySubsequences: true).last ?? ""
    guard host.lowercased() == request.headers["Host"]?.lowercased() else {
      throw Problem(
        .crossOrigin,
        "the origin \(origin.shortened) may not change things here",
        field: "Origin"
      )
    }
  }
}
