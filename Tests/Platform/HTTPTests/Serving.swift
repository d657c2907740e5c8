import PlatformHTTP
import Testing

/// A server on a free port for the length of `body`, and what speaks to it.
struct Serving {
  let server: HTTPServer
  let port: UInt16
  let client = HTTPClient()

  var url: String { "http://127.0.0.1:\(port)" }

  /// What a raw client gets back for `text`, up to the end of the connection.
  func answer(to text: String) async throws -> String {
    let raw = try RawClient(port: port)
    await raw.send(text)
    return await raw.receiveAll()
  }
}

func serving(
  _ server: HTTPServer,
  _ body: (Serving) async throws -> Void
) async throws {
  let address = try server.start()
  let serving = Serving(server: server, port: address.port)
  do {
    try await body(serving)
  } catch {
    await server.shutdown(grace: .zero)
    throw error
  }
  await server.shutdown(grace: .zero)
}

/// Answers with what it was asked.
@Sendable func echo(_ request: HTTPRequest) async -> HTTPResponse {
  var text = "\(request.method.rawValue) \(request.path)\n"
  text += request.pathSegments.joined(separator: "|") + "\n"
  text += request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ",") + "\n"
  text += "\(request.headers["x-probe"] ?? "-") \(request.remoteAddress)\n"
  return HTTPResponse(status: 200, body: .bytes(Array(text.utf8) + request.body))
}

/// Waits for the first event, then lets everyone through.
actor Signal {
  private var isRaised = false
  private var waiters: [CheckedContinuation<Void, Never>] = []

  func raise() {
    isRaised = true
    for waiter in waiters { waiter.resume() }
    waiters = []
  }

  func wait() async {
    guard !isRaised else { return }
    await withCheckedContinuation { waiters.append($0) }
  }
}

extension [UInt8] {
  var text: String { String(decoding: self, as: UTF8.self) }
}
