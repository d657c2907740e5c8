public import ControlAPI
import Foundation
import PlatformHTTP

/// Asks a Tompion server to do things, and tells what it knows: one method for each operation.
///
/// ```swift
/// let client = ControlClient(server: "http://127.0.0.1:7700")
/// let trigger = try await client.createTrigger(
///   "nightly", TriggerSpec(handler: "report", schedule: "@daily"))
/// print(trigger.state.nextFireAt ?? "never")
/// ```
public struct ControlClient: Sendable {
  /// Where the server is, as `http://127.0.0.1:7700`.
  public let server: String
  /// The namespace that the methods work in.
  public var namespace: String
  private let token: String?
  private let http: HTTPClient

  public init(
    server: String = "http://127.0.0.1:7700",
    token: String? = nil,
    namespace: String = "default"
  ) {
    self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
    self.token = token
    self.namespace = namespace
    http = HTTPClient()
  }
}

/// Why a server did not do what it was asked.
public struct ControlClientError: Error, Sendable, CustomStringConvertible {
  public enum Code: Sendable, Hashable {
    /// The server refused; `problem` says why.
    case refused
    /// Nobody answered.
    case unreachable
    /// What came was no answer of a Tompion server.
    case garbled
  }

  public let code: Code
  public let message: String
  /// What the server said, when it did.
  public let problem: Problem?

  init(_ code: Code, _ message: String, problem: Problem? = nil) {
    self.code = code
    self.message = message
    self.problem = problem
  }

  public var description: String { message }
}

// One request and its answer.
extension ControlClient {
  /// What a request adds to its path.
  struct Call: Sendable {
    var method: HTTPMethod
    /// Segments below `/api/v1`, not yet escaped.
    var path: [String]
    var query: [(name: String, value: String)] = []
    var headers: HTTPHeaders = [:]
    var body: [UInt8] = []

    init(_ method: HTTPMethod, _ path: [String]) {
      self.method = method
      self.path = path
    }
  }

  /// A call below the client's own namespace.
  func call(_ method: HTTPMethod, _ path: String...) -> Call {
    Call(method, ["namespaces", namespace] + path)
  }

  func send<Answer: Decodable>(
    _ call: Call,
    _ type: Answer.Type = Answer.self
  ) async throws(ControlClientError) -> Answer {
    try Answer.decoded(from: try await send(call).body)
  }

  @discardableResult
  func send(_ call: Call) async throws(ControlClientError) -> HTTPClientResponse {
    let response: HTTPClientResponse
    do throws(HTTPClientError) {
      response = try await http.send(request(call, "/api/v1"))
    } catch {
      throw ControlClientError(error, server)
    }
    guard (200..<300).contains(response.status) else {
      throw ControlClientError(status: response.status, body: response.body)
    }
    return response
  }

  /// What stands outside `/api/v1`, as it came; 503 counts as an answer too.
  func sendOperational(_ path: String) async throws(ControlClientError) -> HTTPClientResponse {
    let response: HTTPClientResponse
    do throws(HTTPClientError) {
      response = try await http.send(request(Call(.get, [path]), ""))
    } catch {
      throw ControlClientError(error, server)
    }
    guard response.status == 200 || response.status == 503 else {
      throw ControlClientError(status: response.status, body: response.body)
    }
    return response
  }

  func stream(_ call: Call) async throws(ControlClientError) -> HTTPStreamedResponse {
    do throws(HTTPClientError) {
      return try await http.stream(request(call, "/api/v1"))
    } catch {
      throw ControlClientError(error, server)
    }
  }

  private func request(_ call: Call, _ root: String) -> HTTPClientRequest {
    var url = server + root + call.path.map { "/" + $0.escapedForURL }.joined()
    let query = call.query.map { "\($0.name)=\($0.value.escapedForURL)" }
    if !query.isEmpty { url += "?" + query.joined(separator: "&") }
    var headers = call.headers
    if let token { headers["Authorization"] = "Bearer \(token)" }
    if !call.body.isEmpty, headers["Content-Type"] == nil {
      headers["Content-Type"] = "application/json"
    }
    return HTTPClientRequest(call.method, url, headers: headers, body: call.body)
  }
}

extension ControlClient.Call {
  func taking(_ value: some Encodable) -> ControlClient.Call {
    var call = self
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    call.body = (try? encoder.encode(value)).map { [UInt8]($0) } ?? []
    return call
  }

  func asking(_ name: String, _ value: String?) -> ControlClient.Call {
    guard let value else { return self }
    var call = self
    call.query.append((name, value))
    return call
  }

  func header(_ name: String, _ value: String?) -> ControlClient.Call {
    guard let value else { return self }
    var call = self
    call.headers[name] = value
    return call
  }

  func page(_ page: ListPage) -> ControlClient.Call {
    asking("limit", page.limit.map(String.init)).asking("cursor", page.cursor)
  }
}

extension ControlClientError {
  init(_ error: HTTPClientError, _ server: String) {
    switch error.code {
    case .badURL: self.init(.unreachable, "\(server) is no address of a server: \(error.message)")
    case .cannotConnect, .timedOut, .cancelled, .badRequest:
      self.init(.unreachable, "no answer from \(server): \(error.message)")
    case .tooLarge, .protocol: self.init(.garbled, error.message)
    }
  }

  init(status: Int, body: [UInt8]) {
    if let problem = try? JSONDecoder().decode(Problem.self, from: Data(body)) {
      self.init(.refused, problem.detail, problem: problem)
    } else {
      self.init(.garbled, "status \(status), and no explanation")
    }
  }
}

extension Decodable {
  static func decoded(from body: [UInt8]) throws(ControlClientError) -> Self {
    do {
      return try JSONDecoder().decode(Self.self, from: Data(body))
    } catch {
      throw ControlClientError(.garbled, "the answer is not understood: \(error)")
    }
  }
}

extension String {
  /// Everything but the unreserved characters (RFC 3986, 2.3) as escapes.
  fileprivate var escapedForURL: String {
    let digits = Array("0123456789ABCDEF".utf8)
    var text: [UInt8] = []
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        text.append(byte)
      default:
        text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
