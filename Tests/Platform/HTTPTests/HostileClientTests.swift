import PlatformHTTP
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HostileClientTests {
  static let post = "POST / HTTP/1.1\r\nHost: x\r\n"
  static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

  private func server(_ change: (inout HTTPServer.Configuration) -> Void = { _ in }) -> HTTPServer {
    var configuration = HTTPServer.Configuration()
    configuration.errorResponse = { status in
      HTTPResponse(
        status: status,
        headers: ["Content-Type": "application/problem+json"],
        body: .bytes(Array("{\"status\":\(status)}".utf8))
      )
    }
    change(&configuration)
    return HTTPServer(configuration, handler: echo)
  }

  @Test(arguments: [
    (post + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + smuggled, 400),
    (post + "Content-Length: +5\r\n\r\nhello" + smuggled, 400),
    (post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + smuggled, 400),
    (post + "Transfer-Encoding: xchunked\r\n\r\n" + smuggled, 400),
    (post + "Content-Length : 5\r\n\r\n" + smuggled, 400),
    (post + "X-A: b\u{01}c\r\n\r\n" + smuggled, 400),
    ("HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 38\r\n\r\n" + smuggled, 400),
    ("GET / HTTP/1.1\r\n\r\n" + smuggled, 400),
    ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + smuggled, 400),
    ("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, 400),
    ("GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, 400),
    ("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, 400),
    ("GET /?a=%4 HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, 400),
    ("BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, 501),
    ("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, 501),
  ])
  func `what can be read two ways is refused in the owner's words and the connection closed`(
    text: String,
    status: Int
  ) async throws {
    try await serving(server()) { serving async throws in
      let answer = try await serving.answer(to: text)
      #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
      #expect(answer.contains("Connection: close"))
      #expect(text.hasPrefix("HEAD") || answer.hasSuffix("{\"status\":\(status)}"))
      #expect(!answer.contains("/smuggled"))
    }
  }

  @Test(arguments: [
    // Patched versions of the library refuse the first two themselves; we do where it does not.
    (post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400),
    (post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + smuggled, 400),
    (post + "Content-Length: -5\r\n\r\n" + smuggled, 400),
    (post + "Content-Length: 5, 5\r\n\r\n" + smuggled, 400),
    (post + "Content-Length: 99999999999999999999\r\n\r\n", 413),
    (post + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n" + smuggled, 413),
    (post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + smuggled, 413),
    ("nonsense\r\n\r\n", 400),
    ("GET / HTTP/9.9\r\nHost: x\r\n\r\n" + smuggled, 400),
    ("GET / HTTP/1.1\r\nno colon\r\n\r\n" + smuggled, 400),
    ("\u{16}\u{03}\u{01}\u{02}\r\n\r\n", 400),
    (post + "Expect: tea\r\nContent-Length: 5\r\n\r\n" + smuggled, 417),
  ])
  func `what cannot be framed is refused or cut off, and nobody else suffers`(
    text: String,
    status: Int
  ) async throws {
    try await serving(server { $0.requestDeadline = .milliseconds(200) }) { serving async throws in
      let answer = try await serving.answer(to: text)
      #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 \(status) "))
      #expect(answer.isEmpty || answer.hasSuffix("{\"status\":\(status)}"))
      #expect(!answer.contains("/smuggled"))
      let healthy = try await serving.client.send(HTTPClientRequest(.get, serving.url))
      #expect(healthy.status == 200)
    }
  }

  @Test(arguments: [1025, 2048, 60_000, 10_000_000])
  func `a body over the limit is answered 413 and read no further`(size: Int) async throws {
    try await serving(server { $0.maxBodyBytes = 1024 }) { serving async throws in
      let body = [UInt8](repeating: 0x61, count: size)
      let request = HTTPClientRequest(.post, serving.url, body: body)
      #expect(try await serving.client.send(request).status == 413)
      let fits = HTTPClientRequest(.post, serving.url, body: Array(body.prefix(1024)))
      #expect(try await serving.client.send(fits).status == 200)
    }
  }

  @Test func `a chunked body over the limit is answered 413`() async throws {
    try await serving(server { $0.maxBodyBytes = 1024 }) { serving async throws in
      let chunk = "400\r\n" + String(repeating: "a", count: 1024) + "\r\n"
      let text = Self.post + "Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "0\r\n\r\n"
      #expect(try await serving.answer(to: text).hasPrefix("HTTP/1.1 413 "))
    }
  }

  @Test(arguments: [(0, 200), (1, 400), (3072, 400)])
  func `a head over the limit is answered 400`(excess: Int, status: Int) async throws {
    try await serving(server { $0.maxHeaderBytes = 1024 }) { serving async throws in
      let start = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: "
      let filler = String(repeating: "a", count: 1024 + excess - start.utf8.count - 4)
      let answer = try await serving.answer(to: start + filler + "\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
      #expect(status == 200 || answer.hasSuffix("{\"status\":400}"))
    }
  }

  @Test func `a body that only claims to be too large is refused at once, in the owner's words`()
    async throws
  {
    try await serving(server { $0.maxBodyBytes = 1024 }) { serving async throws in
      let raw = try RawClient(port: serving.port)
      await raw.send(Self.post + "Content-Le")
      await raw.send("ngth: 1025\r\n")
      let answer = await raw.receiveAll()
      #expect(answer.hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
      #expect(answer.contains("\r\nDate: ") && answer.contains("\r\nConnection: close\r\n"))
      #expect(answer.hasSuffix("\r\n\r\n{\"status\":413}"))
    }
  }

  @Test func `who goes on sending after a refusal hears it, and is cut off at the deadline`()
    async throws
  {
    let deadline = Duration.milliseconds(400)
    let server = server {
      $0.maxBodyBytes = 1024
      $0.requestDeadline = deadline
    }
    try await serving(server) { serving async throws in
      let raw = try RawClient(port: serving.port)
      let began = ContinuousClock.now
      await raw.send(Self.post + "Content-Length: 100000000\r\n\r\n")
      async let flood: Void = {
        let block = [UInt8](repeating: 0x61, count: 10_000)
        while await raw.send(block) { try await Task.sleep(for: .milliseconds(10)) }
      }()
      #expect(await raw.receiveAll().hasSuffix("{\"status\":413}"))
      try await flood
      #expect(began.duration(to: .now) < deadline * 4)
    }
  }

  @Test func `the limits hold for each request of a connection`() async throws {
    try await serving(server { $0.maxBodyBytes = 1024 }) { serving async throws in
      let raw = try RawClient(port: serving.port)
      for _ in 0..<3 {
        await raw.send(Self.post + "Content-Length: 5\r\n\r\nhello")
        #expect(await raw.receive(until: "hello").hasPrefix("HTTP/1.1 200 "))
      }
      await raw.send(Self.post + "Content-Length: 1025\r\n\r\n")
      #expect(await raw.receiveAll().hasPrefix("HTTP/1.1 413 "))
    }
  }

  @Test(arguments: ["GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", post + "Content-Length: 1000\r\n\r\n"])
  func `a request that dribbles in is cut at its deadline, and nobody else suffers`(
    start: String
  ) async throws {
    let deadline = Duration.milliseconds(400)
    try await serving(server { $0.requestDeadline = deadline }) { serving async throws in
      let raw = try RawClient(port: serving.port)
      let began = ContinuousClock.now
      await raw.send(start)
      async let dribble: Void = {
        while await raw.send("a") { try await Task.sleep(for: .milliseconds(20)) }
      }()
      while began.duration(to: .now) < deadline / 2 {
        #expect(try await serving.client.send(HTTPClientRequest(.get, serving.url)).status == 200)
      }
      try await dribble
      #expect(await raw.receive().isEmpty)
      #expect((deadline...(deadline * 3)).contains(began.duration(to: .now)))
    }
  }

  @Test func `a silent connection is closed when it has been idle`() async throws {
    try await serving(server { $0.idleTimeout = .milliseconds(100) }) { serving async throws in
      let raw = try RawClient(port: serving.port)
      #expect(await raw.receive().isEmpty)
      await raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    }
  }

  @Test func `connections over the limit wait until one is free`() async throws {
    try await serving(server { $0.maxConnections = 2 }) { serving async throws in
      let request = "GET /held HTTP/1.1\r\nHost: x\r\n\r\n"
      var held = try (0..<2).map { _ in try RawClient(port: serving.port) }
      for raw in held {
        await raw.send(request)
        #expect(await raw.receive(until: "/held").contains("200 OK"))
      }
      let late = HTTPClientRequest(.get, serving.url + "/late", timeout: .milliseconds(200))
      await #expect(throws: HTTPClientError.self) { try await serving.client.send(late) }
      for raw in held { raw.close() }
      held = []
      let free = HTTPClientRequest(.get, serving.url + "/free", timeout: .seconds(5))
      #expect(try await serving.client.send(free).status == 200)
    }
  }
}
