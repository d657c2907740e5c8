import PlatformHTTP
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ShutdownTests {
  @Test func `an answer in progress is given before the server stops`() async throws {
    let (started, go) = (Signal(), Signal())
    let server = HTTPServer { _ in
      .async {
        await started.raise()
        await go.wait()
        return .text("kept")
      }
    }
    let url = "http://127.0.0.1:\(try server.start().port)"
    let client = HTTPClient()
    async let answer = client.send(HTTPClientRequest(.get, url))
    await started.wait()
    async let stopped: Void = server.shutdown(grace: .seconds(30))
    // Once it refuses newcomers it is draining.
    while (try? await client.send(HTTPClientRequest(.get, url + "/new", timeout: .seconds(1))))
      != nil
    {}
    await go.raise()
    let response = try await answer
    #expect(response.body.text == "kept")
    await stopped
  }

  @Test func `what outlasts the grace is cancelled`() async throws {
    let (started, cancelled) = (Signal(), Signal())
    let server = HTTPServer { _ in
      .async {
        await started.raise()
        try? await Task.sleep(for: .seconds(3600))
        await cancelled.raise()
        return .text("never")
      }
    }
    let url = "http://127.0.0.1:\(try server.start().port)"
    let client = HTTPClient()
    let asking = Task { try await client.send(HTTPClientRequest(.get, url)) }  // Awaited below.
    await started.wait()
    await server.shutdown(grace: .milliseconds(50))
    await cancelled.wait()
    await #expect(throws: HTTPClientError.self) { try await asking.value }
  }

  @Test func `stopping twice, or before the start, is harmless`() async throws {
    let server = HTTPServer(handler: echo)
    await server.shutdown(grace: .seconds(1))
    _ = try server.start()
    async let first: Void = server.shutdown(grace: .seconds(1))
    async let second: Void = server.shutdown(grace: .seconds(1))
    _ = await (first, second)
    await server.shutdown(grace: .seconds(1))
  }
}
