import PlatformHTTP
import Synchronization
import Testing

/// Counts what was pulled from it, and says when its reader let go.
struct EndlessChunks: AsyncSequence, Sendable {
  typealias Failure = Never

  let size: Int
  let counter = Counter()
  let left = Signal()

  final class Counter: Sendable {
    let value = Mutex(0)
  }

  /// Lives as long as the iterator.
  final class Lease: Sendable {
    let left: Signal

    init(_ left: Signal) {
      self.left = left
    }

    deinit { Task { [left] in await left.raise() } }  // The test waits for the signal.
  }

  struct Iterator: AsyncIteratorProtocol {
    let size: Int
    let counter: Counter
    let lease: Lease

    mutating func next() async -> [UInt8]? {
      await next(isolation: nil)
    }

    mutating func next(isolation actor: isolated (any Actor)?) async -> [UInt8]? {
      guard !Task.isCancelled else { return nil }
      counter.value.withLock { $0 += 1 }
      return [UInt8](repeating: 0x61, count: size)
    }
  }

  var pulled: Int { counter.value.withLock { $0 } }

  func makeAsyncIterator() -> Iterator {
    Iterator(size: size, counter: counter, lease: Lease(left))
  }
}

@Suite(.timeLimit(.minutes(1)))
struct StreamingTests {
  private func events(_ texts: [String]) -> HTTPResponse {
    let stream = AsyncStream { continuation in
      for text in texts { continuation.yield(ServerSentEvent(data: text).encoded) }
      continuation.finish()
    }
    return HTTPResponse(
      status: 200,
      headers: ["Content-Type": "text/event-stream"],
      body: .stream(stream)
    )
  }

  @Test(arguments: [true, false])
  func `a streamed answer arrives event by event and ends`(isImmediate: Bool) async throws {
    let texts = (0..<50).map { "event \($0)\nsecond line" }
    let server = HTTPServer { _ in
      isImmediate ? .immediate(events(texts)) : .async { events(texts) }
    }
    try await serving(server) { serving async throws in
      let response = try await serving.client.stream(HTTPClientRequest(.get, serving.url))
      #expect(response.status == 200)
      #expect(response.headers["Content-Type"] == "text/event-stream")
      #expect(response.headers["Transfer-Encoding"] == "chunked")
      var parser = ServerSentEventParser()
      var seen: [String] = []
      for try await chunk in response.body { seen += try parser.feed(chunk).map(\.data) }
      #expect(seen == texts)
      // The connection is in order afterwards.
      #expect(try await serving.client.send(HTTPClientRequest(.get, serving.url)).status == 200)
    }
  }

  @Test func `the head is there before the first piece of the body`() async throws {
    let (chunks, more) = AsyncStream.makeStream(of: [UInt8].self)
    let server = HTTPServer { _ in .immediate(HTTPResponse(status: 200, body: .stream(chunks))) }
    try await serving(server) { serving async throws in
      let response = try await serving.client.stream(HTTPClientRequest(.get, serving.url))
      #expect(response.status == 200)
      more.yield(Array("one".utf8))
      var body = response.body.makeAsyncIterator()
      #expect(try await body.next()?.text == "one")
      more.yield(Array("two".utf8))
      #expect(try await body.next()?.text == "two")
      more.finish()
      #expect(try await body.next() == nil)
    }
  }

  @Test func `a slow reader holds the producer back, on both ends`() async throws {
    let chunks = EndlessChunks(size: 64 << 10)
    let server = HTTPServer { _ in .immediate(HTTPResponse(status: 200, body: .stream(chunks))) }
    try await serving(server) { serving async throws in
      let response = try await serving.client.stream(HTTPClientRequest(.get, serving.url))
      var body = response.body.makeAsyncIterator()
      _ = try await body.next()
      var before = -1
      while before != chunks.pulled {
        before = chunks.pulled
        try await Task.sleep(for: .milliseconds(100))
      }
      // What the two gates hold, and what the kernel's socket buffers may take on loopback.
      #expect(before * chunks.size < 16 << 20)
      var read = 0
      while read < 32 << 20 { read += try await body.next()?.count ?? .max / 2 }
      #expect(chunks.pulled > before)
    }
    await chunks.left.wait()
  }

  @Test func `a producer ends when its client leaves in the middle`() async throws {
    let chunks = EndlessChunks(size: 1024)
    let server = HTTPServer { _ in .immediate(HTTPResponse(status: 200, body: .stream(chunks))) }
    try await serving(server) { serving async throws in
      do {
        let raw = try RawClient(port: serving.port)
        await raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await raw.receive(until: "aaaa").contains("200 OK"))
        raw.close()
      }
      await chunks.left.wait()
    }
  }

  @Test(arguments: ["/stream", "/slow"])
  func `an answer may take longer than a connection may be idle`(path: String) async throws {
    var configuration = HTTPServer.Configuration()
    configuration.idleTimeout = .milliseconds(50)
    let pause = Duration.milliseconds(200)  // Real time is what the limit counts.
    let (chunks, more) = AsyncStream.makeStream(of: [UInt8].self)
    let server = HTTPServer(configuration) { request in
      .async {
        guard request.path == "/slow" else {
          return HTTPResponse(status: 200, body: .stream(chunks))
        }
        try? await Task.sleep(for: pause)
        return .text("late but whole")
      }
    }
    try await serving(server) { serving async throws in
      async let late: Void = {
        try await Task.sleep(for: pause)
        more.yield(Array("late but whole".utf8))
        more.finish()
      }()
      let response = try await serving.client.send(HTTPClientRequest(.get, serving.url + path))
      #expect(response.body.text == "late but whole")
      try await late
    }
  }

  @Test func `a quiet stream ends when its client leaves`() async throws {
    let left = Signal()
    let (quiet, source) = AsyncStream.makeStream(of: [UInt8].self)
    source.onTermination = { _ in Task { await left.raise() } }  // The test waits for the signal.
    let server = HTTPServer { _ in .immediate(HTTPResponse(status: 200, body: .stream(quiet))) }
    try await serving(server) { serving async throws in
      do {
        let response = try await serving.client.stream(HTTPClientRequest(.get, serving.url))
        #expect(response.status == 200)
      }
      await left.wait()
    }
  }

  @Test func `a handler is cancelled when its client leaves`() async throws {
    let (started, cancelled) = (Signal(), Signal())
    let server = HTTPServer { _ in
      .async {
        await started.raise()
        try? await Task.sleep(for: .seconds(3600))
        if Task.isCancelled { await cancelled.raise() }
        return .text("too late")
      }
    }
    try await serving(server) { serving async throws in
      let client = serving.client
      let request = HTTPClientRequest(.post, serving.url, body: Array("x".utf8))
      let asking = Task { try await client.send(request) }  // Awaited just below.
      await started.wait()
      asking.cancel()
      let error = await #expect(throws: HTTPClientError.self) { try await asking.value }
      #expect(error?.code == .cancelled)
      await cancelled.wait()
    }
  }

  @Test func `data sent ahead while an answer is awaited is the next request`() async throws {
    let (started, go) = (Signal(), Signal())
    let server = HTTPServer { request in
      .async {
        await started.raise()
        await go.wait()
        return await echo(request)
      }
    }
    try await serving(server) { serving async throws in
      let raw = try RawClient(port: serving.port)
      await raw.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
      await started.wait()
      await raw.send("GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      await go.raise()
      let answer = await raw.receiveAll()
      #expect(answer.contains("GET /first") && answer.contains("GET /second"))
    }
  }

  @Test func `an old client gets a stream until the connection closes`() async throws {
    try await serving(HTTPServer { _ in .immediate(events(["a", "b"])) }) { serving async throws in
      let answer = try await serving.answer(to: "GET / HTTP/1.0\r\n\r\n")
      #expect(answer.hasSuffix("\r\n\r\ndata: a\n\ndata: b\n\n"))
      #expect(!answer.contains("chunked"))
    }
  }

  @Test func `HEAD of a stream gets no body and leaves the connection usable`() async throws {
    try await serving(HTTPServer { _ in .immediate(events(["a"])) }) { serving async throws in
      let request = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n"
      let answer = try await serving.answer(to: request + "Connection: close\r\n\r\n")
      #expect(answer.components(of: "data: a") == 1)
      #expect(answer.components(of: "200 OK") == 2)
    }
  }
}
