import PlatformGRPC
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct UnaryTests {
  @Test(arguments: [0, 1, 5, 200, 70_000, 3_000_000])
  func `a request comes back whole`(size: Int) async throws {
    let request = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
    let answer = try await withServer([.echo]) { channel, _ in
      try await channel.unary("/test.Test/Echo", request: request, timeout: .seconds(10))
    }
    #expect(answer == request)
  }

  @Test func `a thousand calls at once are all answered`() async throws {
    try await withServer([.echo]) { channel, _ in
      try await withThrowingTaskGroup { group in
        for number in 0..<1_000 {
          group.addTask {
            let request = Array("call \(number)".utf8)
            let answer = try await channel.unary(
              "/test.Test/Echo",
              request: request,
              timeout: .seconds(20)
            )
            #expect(answer == request)
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func `a failure carries its code, message and details`() async throws {
    let sent = GRPCStatus(
      .failedPrecondition,
      "the trigger is offline – bring it online",
      attaching: [GRPCStatus.Detail(typeURL: "type.googleapis.com/x.Y", value: [1, 2, 0, 255])]
    )
    try await withServer([.unary("/test.Test/Fail") { $0.fail(sent) }]) { channel, _ in
      await #expect(throws: sent) {
        try await channel.unary("/test.Test/Fail", request: [1], timeout: .seconds(20))
      }
    }
  }

  @Test func `an oversized message and details are cut down rather than losing the status`()
    async throws
  {
    let sent = GRPCStatus(
      .internal,
      String(repeating: "é", count: 4_000),
      details: [UInt8](repeating: 7, count: 9_000)
    )
    try await withServer([.unary("/test.Test/Fail") { $0.fail(sent) }]) { channel, _ in
      let expected = GRPCStatus(.internal, String(repeating: "é", count: 512))
      await #expect(throws: expected) {
        try await channel.unary("/test.Test/Fail", request: [1], timeout: .seconds(20))
      }
    }
  }

  @Test func `text and binary metadata arrive as sent, and trailers come back`() async throws {
    let seen = Mutex(GRPCMetadata())
    let method = GRPCMethod.unary("/test.Test/Headers") { call in
      seen.withLock { $0 = call.metadata }
      var trailers = GRPCMetadata()
      trailers.append("x-served-by", "node-1")
      trailers.append("x-trace-bin", [0, 255, 10])
      call.respond([], trailers: trailers)
    }
    var metadata = GRPCMetadata()
    metadata.append("Authorization", "Bearer abc")
    metadata.append("x-many", "1")
    metadata.append("x-many", "2")
    metadata.append("x-raw-bin", [0, 1, 2, 254, 255])
    let headers = metadata
    let reply = try await withServer([method]) { channel, _ in
      await withCheckedContinuation { continuation in
        channel.unary(
          "/test.Test/Headers",
          request: [],
          metadata: headers,
          timeout: .seconds(20)
        ) { continuation.resume(returning: $0) }
      }
    }
    let received = seen.withLock { $0 }
    #expect(received["authorization"] == "Bearer abc")
    #expect(received.entries.filter { $0.key == "x-many" }.map(\.value) == [[0x31], [0x32]])
    #expect(received.bytes(for: "x-raw-bin") == [0, 1, 2, 254, 255])
    #expect(reply.trailers["x-served-by"] == "node-1")
    #expect(reply.trailers.bytes(for: "x-trace-bin") == [0, 255, 10])
    #expect(try reply.result.get() == [])
  }

  @Test(arguments: ["", "a b", "grpc-status", ":path", "ключ"])
  func `a key that the protocol forbids is not added`(key: String) {
    var metadata = GRPCMetadata()
    let isAllowed = metadata.append(key, "value") || metadata.append("x-text", "line\nbreak")
    #expect(!isAllowed)
    #expect(metadata.isEmpty)
  }

  @Test func `an unknown method is unimplemented, and the message names it`() async throws {
    try await withServer([.echo]) { channel, _ in
      let error = await #expect(throws: GRPCStatus.self) {
        try await channel.unary("/test.Test/Nothing", request: [1], timeout: .seconds(20))
      }
      #expect(error?.code == .unimplemented)
      #expect(error?.message.contains("/test.Test/Nothing") == true)
    }
  }

  @Test func `a request over the limit is refused as resource exhausted`() async throws {
    var configuration = GRPCServerConfiguration()
    configuration.maxReceiveMessageBytes = 1_000
    try await withServer([.echo], server: configuration) { channel, _ in
      let large = [UInt8](repeating: 1, count: 1_001)
      let error = await #expect(throws: GRPCStatus.self) {
        try await channel.unary("/test.Test/Echo", request: large, timeout: .seconds(20))
      }
      #expect(error?.code == .resourceExhausted)
      let allowed = [UInt8](repeating: 1, count: 1_000)
      let answer = try await channel.unary(
        "/test.Test/Echo",
        request: allowed,
        timeout: .seconds(20)
      )
      #expect(answer == allowed)
    }
  }

  @Test func `an answer over the client's limit is refused as resource exhausted`() async throws {
    var configuration = GRPCChannelConfiguration()
    configuration.maxReceiveMessageBytes = 1_000
    try await withServer([.echo], client: configuration) { channel, _ in
      let error = await #expect(throws: GRPCStatus.self) {
        let large = [UInt8](repeating: 1, count: 1_001)
        return try await channel.unary("/test.Test/Echo", request: large, timeout: .seconds(20))
      }
      #expect(error?.code == .resourceExhausted)
    }
  }

  @Test func `a call that is let go of without an answer fails`() async throws {
    try await withServer([.unary("/test.Test/Forget") { _ in }]) { channel, _ in
      await #expect(throws: GRPCStatus(.internal, "the server gave no answer")) {
        try await channel.unary("/test.Test/Forget", request: [], timeout: .seconds(20))
      }
    }
  }

  @Test func `only the first answer counts`() async throws {
    let method = GRPCMethod.unary("/test.Test/Twice") { call in
      call.respond([1])
      call.respond([2])
      call.fail(GRPCStatus(.internal))
    }
    try await withServer([method]) { channel, _ in
      let answer = try await channel.unary("/test.Test/Twice", request: [], timeout: .seconds(20))
      #expect(answer == [1])
    }
  }

  @Test func `a server that is not there is unavailable`() async throws {
    let server = try GRPCServer(configuration: GRPCServerConfiguration(), methods: [])
    let address = try server.start()
    await server.shutdown(grace: .zero)
    let channel = GRPCChannel(target: address.description)
    let error = await #expect(throws: GRPCStatus.self) {
      try await channel.unary("/test.Test/Echo", request: [], timeout: .seconds(10))
    }
    #expect(error?.code == .unavailable)
    let recorder = Recorder()
    channel.open("/test.Test/Stream", timeout: .seconds(20)) { _ in recorder }
    #expect(await recorder.finished().status?.code == .unavailable)
  }

  @Test func `a closed channel says so`() async throws {
    try await withServer([.echo]) { channel, _ in
      channel.close()
      await #expect(throws: GRPCStatus(.unavailable, "the channel is closed")) {
        try await channel.unary("/test.Test/Echo", request: [], timeout: .seconds(20))
      }
    }
  }
}
