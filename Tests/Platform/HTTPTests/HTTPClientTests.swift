import PlatformHTTP
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTests {
  private func code(
    _ request: HTTPClientRequest,
    _ client: HTTPClient = HTTPClient()
  ) async -> HTTPClientError? {
    do {
      _ = try await client.send(request)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    "", "not a url", "ftp://h/x", "file:///etc/passwd", "http://a b/", "http://h:99999",
  ])
  func `a URL that leads nowhere is refused before anything is sent`(url: String) async {
    #expect(await code(HTTPClientRequest(.get, url))?.code == .badURL)
  }

  @Test func `nobody listening is told apart, without the credentials`() async throws {
    let server = HTTPServer(handler: echo)
    let port = try server.start().port
    await server.shutdown(grace: .zero)
    let error = await code(
      HTTPClientRequest(.get, "http://me:secret@127.0.0.1:\(port)/path?token=t")
    )
    #expect(error?.code == .cannotConnect)
    #expect(error?.message.contains("127.0.0.1:\(port)") == true)
    #expect(error?.message.contains("secret") == false)
    #expect(error?.message.contains("token") == false)
  }

  @Test func `an answer that takes too long is given up`() async throws {
    let server = HTTPServer { _ in
      .async {
        try? await Task.sleep(for: .seconds(3600))
        return .text("late")
      }
    }
    try await serving(server) { serving async throws in
      let request = HTTPClientRequest(.get, serving.url, timeout: .milliseconds(100))
      #expect(await code(request, serving.client)?.code == .timedOut)
      await #expect {
        _ = try await serving.client.stream(request)
      } throws: { ($0 as? HTTPClientError)?.code == .timedOut }
    }
  }

  @Test(arguments: [true, false])
  func `an answer that is too long is given up`(isStreamed: Bool) async throws {
    var configuration = HTTPClient.Configuration()
    configuration.maxResponseBytes = 1000
    let client = HTTPClient(configuration)
    let server = HTTPServer { request in
      let size = request.path == "/fits" ? 1000 : 1001
      let bytes = [UInt8](repeating: 0x61, count: size)
      guard isStreamed else { return .immediate(HTTPResponse(status: 200, body: .bytes(bytes))) }
      let stream = AsyncStream { continuation in
        continuation.yield(bytes)
        continuation.finish()
      }
      return .immediate(HTTPResponse(status: 200, body: .stream(stream)))
    }
    try await serving(server) { serving async throws in
      let fits = try await client.send(HTTPClientRequest(.get, serving.url + "/fits"))
      #expect(fits.body.count == 1000)
      let error = await code(HTTPClientRequest(.get, serving.url), client)
      #expect(error?.code == .tooLarge)
      #expect(error?.message.contains("1000") == true)
    }
  }

  @Test func `a redirect is an answer like any other`() async throws {
    let server = HTTPServer { _ in
      .immediate(HTTPResponse(status: 302, headers: ["Location": "/elsewhere"]))
    }
    try await serving(server) { serving async throws in
      let response = try await serving.client.send(HTTPClientRequest(.get, serving.url))
      #expect(response.status == 302)
      #expect(response.headers["location"] == "/elsewhere")
    }
  }

  @Test func `a header that would split the request is refused`() async {
    let request = HTTPClientRequest(.get, "http://127.0.0.1:1", headers: ["X": "a\r\nY: b"])
    #expect(await code(request)?.code == .badRequest)
  }

  @Test func `a task cancelled beforehand sends nothing`() async throws {
    let seen = Signal()
    let server = HTTPServer { _ in
      .async {
        await seen.raise()
        return .text("seen")
      }
    }
    try await serving(server) { serving async throws in
      let client = serving.client
      let request = HTTPClientRequest(.get, serving.url)
      let asking = Task {  // Awaited just below.
        try? await Task.sleep(for: .seconds(3600))
        return try await client.send(request)
      }
      asking.cancel()
      let error = await #expect(throws: HTTPClientError.self) { try await asking.value }
      #expect(error?.code == .cancelled)
    }
  }

  @Test func `a hundred requests at once share a few connections`() async throws {
    try await serving(HTTPServer(handler: echo)) { serving async throws in
      let (client, url) = (serving.client, serving.url)
      let bodies = try await withThrowingTaskGroup { group in
        for number in 0..<100 {
          group.addTask {
            let request = HTTPClientRequest(.post, url + "/n", body: Array(" \(number)".utf8))
            return try await client.send(request).body.text
          }
        }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(bodies.count == 100)
    }
  }

  @Test func `a body larger than any buffer comes back unchanged`() async throws {
    var configuration = HTTPServer.Configuration()
    configuration.maxBodyBytes = 8 << 20
    let server = HTTPServer(configuration) { request in
      HTTPResponse(status: 200, body: .bytes(request.body))
    }
    try await serving(server) { serving async throws in
      let piece = (0..<997).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let body = (0..<6_000).reduce(into: [UInt8]()) { all, _ in all += piece }
      let response = try await serving.client.send(
        HTTPClientRequest(.put, serving.url, body: body)
      )
      #expect(response.body == body)
    }
  }

  @Test func `a body that breaks off is an error`() async throws {
    let (chunks, more) = AsyncStream.makeStream(of: [UInt8].self)
    let server = HTTPServer { _ in .immediate(HTTPResponse(status: 200, body: .stream(chunks))) }
    let url = "http://127.0.0.1:\(try server.start().port)"
    let client = HTTPClient()
    let response = try await client.stream(HTTPClientRequest(.get, url))
    more.yield(Array("half".utf8))
    var body = response.body.makeAsyncIterator()
    #expect(try await body.next()?.text == "half")
    await server.shutdown(grace: .zero)
    await #expect(throws: HTTPClientError.self) { try await body.next() }
  }
}
