import PlatformHTTP
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPServerTests {
  @Test func `a handler sees the request as it was meant`() async throws {
    try await serving(HTTPServer(handler: echo)) { serving async throws in
      let response = try await serving.client.send(
        HTTPClientRequest(
          .post,
          serving.url + "/a%2Fb/c%20d/?x=1+2&y=%26&z",
          headers: ["X-Probe": "seen"],
          body: Array("the body".utf8)
        )
      )
      #expect(response.status == 200)
      let expected = "POST /a%2Fb/c%20d/\na/b|c d|\nx=1 2,y=&,z=\nseen 127.0.0.1\nthe body"
      #expect(response.body.text == expected)
    }
  }

  @Test func `an immediate answer and one from a task live side by side`() async throws {
    let server = HTTPServer { request in
      if request.path == "/now" { return .immediate(.text("now")) }
      return .async { .text("later") }
    }
    try await serving(server) { serving async throws in
      for (path, text) in [("/now", "now"), ("/later", "later"), ("/now", "now")] {
        let response = try await serving.client.send(HTTPClientRequest(.get, serving.url + path))
        #expect(response.body.text == text)
        #expect(response.headers["content-length"] == String(text.utf8.count))
      }
    }
  }

  @Test(arguments: [HTTPMethod.put, .patch, .delete, .options, .get, .post])
  func `every method reaches the handler, with a body or without`(
    method: HTTPMethod
  ) async throws {
    try await serving(HTTPServer(handler: echo)) { serving async throws in
      for body in ["", "a body"] {
        let response = try await serving.client.send(
          HTTPClientRequest(method, serving.url + "/m", body: Array(body.utf8))
        )
        #expect(response.body.text.hasPrefix("\(method.rawValue) /m\n"))
        #expect(response.body.text.hasSuffix("\n" + body))
      }
    }
  }

  @Test func `HEAD gets the length but no body`() async throws {
    try await serving(HTTPServer { _ in .immediate(.text("twelve bytes")) }) {
      serving async throws in
      let response = try await serving.client.send(HTTPClientRequest(.head, serving.url + "/"))
      #expect(response.status == 200)
      #expect(response.headers["Content-Length"] == "12")
      #expect(response.body.isEmpty)
      // Nothing of the body may stand before the next answer either.
      let request = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n"
      let answer = try await serving.answer(to: request + "Connection: close\r\n\r\n")
      #expect(answer.components(of: "HTTP/1.1 200 OK") == 2)
      #expect(answer.components(of: "twelve bytes") == 1)
    }
  }

  @Test func `pipelined requests are answered in order, one after the other`() async throws {
    try await serving(HTTPServer(handler: echo)) { serving async throws in
      let requests = (0..<20).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n" }
      let text = requests.joined(separator: "\r\n") + "Connection: close\r\n\r\n"
      let answer = try await serving.answer(to: text)
      let seen = answer.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("GET /") }
      #expect(seen.map(String.init) == (0..<20).map { "GET /\($0)" })
    }
  }

  @Test func `one connection carries many requests`() async throws {
    try await serving(HTTPServer(handler: echo)) { serving async throws in
      let raw = try RawClient(port: serving.port)
      for round in 0..<5 {
        await raw.send("GET /\(round) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await raw.receive(until: "127.0.0.1\n").contains("GET /\(round)\n"))
      }
    }
  }

  @Test func `a client that asks before it sends its body is told to go on`() async throws {
    try await serving(HTTPServer(handler: echo)) { serving async throws in
      let raw = try RawClient(port: serving.port)
      await raw.send(
        "POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
      )
      #expect(await raw.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100 "))
      await raw.send("done")
      #expect(await raw.receive(until: "done").contains("200 OK"))
    }
  }

  @Test func `a chunked body arrives whole`() async throws {
    try await serving(HTTPServer(handler: echo)) { serving async throws in
      let head = "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
      let body = "Connection: close\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
      #expect(try await serving.answer(to: head + body).hasSuffix("\nabcdefg"))
    }
  }

  @Test func `a header that would split the answer is left out`() async throws {
    let server = HTTPServer { _ in
      var response = HTTPResponse.text("safe")
      response.headers.append("X-Bad", "1\r\nX-Injected: 1")
      response.headers.append("X-Folded", "1\r\n X-Injected: 1")
      response.headers.append("X Bad", "1")
      response.headers.append("Content-Length", "999")
      response.headers.append("X-Good", "1")
      return .immediate(response)
    }
    try await serving(server) { serving async throws in
      let response = try await serving.client.send(HTTPClientRequest(.get, serving.url))
      #expect(response.headers["X-Good"] == "1")
      #expect(response.headers["Content-Length"] == "4")
      #expect(response.headers.fields.allSatisfy { !$0.name.contains("Bad") })
      #expect(response.headers["X-Injected"] == nil)
      #expect(response.headers["X-Folded"] == nil)
    }
  }

  @Test func `HTTP 1.0 is answered and the connection closed`() async throws {
    try await serving(HTTPServer(handler: echo)) { serving async throws in
      let answer = try await serving.answer(to: "GET /old HTTP/1.0\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.0 200 OK"))
      #expect(answer.contains("GET /old"))
    }
  }

  @Test func `a taken port and a wrong host are named`() async throws {
    try await serving(HTTPServer(handler: echo)) { serving async throws in
      var configuration = HTTPServer.Configuration()
      configuration.port = serving.port
      let second = HTTPServer(configuration, handler: echo)
      #expect {
        try second.start()
      } throws: { error in
        let error = error as? HTTPServerError
        return error?.code == .cannotListen && error?.message.contains(":\(serving.port)") == true
      }
      #expect(throws: HTTPServerError.self) { try serving.server.start() }
    }
  }
}

extension String {
  /// How often `text` occurs.
  func components(of text: String) -> Int {
    var (count, rest) = (0, self[...])
    while let range = rest.firstRange(of: text) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }
}
