import ControlAPI
import PlatformHTTP

extension HTTPResponse {
  static func json(
    _ value: some Encodable,
    status: Int = 200,
    _ headers: HTTPHeaders = [:]
  ) throws(Problem) -> HTTPResponse {
    var headers = headers
    headers["Content-Type"] = "application/json"
    return HTTPResponse(status: status, headers: headers, body: .bytes(try JSON.bytes(value)))
  }

  /// A problem as RFC 9457 sends it.
  static func problem(_ problem: Problem, _ headers: HTTPHeaders = [:]) -> HTTPResponse {
    var headers = headers
    headers["Content-Type"] = "application/problem+json"
    if problem.code == .unavailable { headers["Retry-After"] = "1" }
    if problem.code == .unauthorized { headers["WWW-Authenticate"] = "Bearer" }
    let body = (try? JSON.bytes(problem)) ?? []
    return HTTPResponse(status: problem.status, headers: headers, body: .bytes(body))
  }

  static func trigger(_ info: TriggerInfo) throws(Problem) -> HTTPResponse {
    try json(info, ["ETag": "\"\(info.state.revision)\""])
  }

  /// 201 with its place when the trigger is new or the first answer is repeated, else 200.
  static func trigger(
    _ creation: Creation<TriggerInfo>,
    isPost: Bool
  ) throws(Problem) -> HTTPResponse {
    let info = creation.value
    let place = "/api/v1/namespaces/\(info.namespace)/triggers/\(info.name)"
    let headers: HTTPHeaders = ["ETag": "\"\(info.state.revision)\""]
    return try created(creation, at: place, isPost: isPost, headers)
  }

  static func namespace(_ info: NamespaceInfo) throws(Problem) -> HTTPResponse {
    try json(info, ["ETag": "\"\(info.revision)\""])
  }

  static func namespace(
    _ creation: Creation<NamespaceInfo>,
    isPost: Bool
  ) throws(Problem) -> HTTPResponse {
    let info = creation.value
    let headers: HTTPHeaders = ["ETag": "\"\(info.revision)\""]
    return try created(creation, at: "/api/v1/namespaces/\(info.name)", isPost: isPost, headers)
  }

  static func task(_ creation: Creation<TaskInfo>) throws(Problem) -> HTTPResponse {
    let info = creation.value
    let place = "/api/v1/namespaces/\(info.namespace)/tasks/\(info.id)"
    return try created(creation, at: place, isPost: true, [:])
  }

  private static func created(
    _ creation: Creation<some Encodable>,
    at place: String,
    isPost: Bool,
    _ headers: HTTPHeaders
  ) throws(Problem) -> HTTPResponse {
    guard creation.isNew || isPost else { return try json(creation.value, headers) }
    var headers = headers
    headers["Location"] = place
    if !creation.isNew { headers["Idempotency-Replayed"] = "true" }
    return try json(creation.value, status: 201, headers)
  }
}
