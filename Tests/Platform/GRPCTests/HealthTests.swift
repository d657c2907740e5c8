import PlatformGRPC
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HealthTests {
  /// A HealthCheckRequest for `service`.
  func request(_ service: String) -> [UInt8] {
    service.isEmpty ? [] : [0x0A, UInt8(service.utf8.count)] + Array(service.utf8)
  }

  func check(_ channel: GRPCChannel, _ service: String) async throws -> [UInt8] {
    try await channel.unary(
      "/grpc.health.v1.Health/Check",
      request: request(service),
      timeout: .seconds(20)
    )
  }

  func watch(_ channel: GRPCChannel, _ service: String) -> Recorder {
    let recorder = Recorder()
    let stream = channel.open("/grpc.health.v1.Health/Watch", timeout: .seconds(20)) { stream in
      recorder.sender = { stream.wantsToSend() }
      return recorder
    }
    recorder.send(request(service))
    stream.sendEnd()
    return recorder
  }

  @Test func `a check tells the status of the server and of each service`() async throws {
    let health = GRPCHealth()
    health.set(.notServing, of: "a.B")
    try await withServer(health.methods) { channel, _ in
      let whole = try await check(channel, "")
      #expect(whole == [8, 1])
      let one = try await check(channel, "a.B")
      #expect(one == [8, 2])
      let error = await #expect(throws: GRPCStatus.self) { try await check(channel, "c.D") }
      #expect(error?.code == .notFound)
      #expect(error?.message.contains("c.D") == true)
    }
  }

  @Test func `a malformed request is an invalid argument`() async throws {
    try await withServer(GRPCHealth().methods) { channel, _ in
      let error = await #expect(throws: GRPCStatus.self) {
        try await channel.unary(
          "/grpc.health.v1.Health/Check",
          request: [0x0A, 200],
          timeout: .seconds(20)
        )
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test func `a watcher hears every change until the server shuts down`() async throws {
    let health = GRPCHealth()
    try await withServer(health.methods) { channel, _ in
      let recorder = watch(channel, "a.B")
      var events = recorder.events.makeAsyncIterator()
      #expect(await events.next() == .opened)
      #expect(await events.next() == .message([8, 3]))
      health.set(.serving, of: "a.B")
      #expect(await events.next() == .message([8, 1]))
      health.set(.serving, of: "other")
      health.set(.serving, of: "a.B")
      health.set(.notServing, of: "a.B")
      #expect(await events.next() == .message([8, 2]))
      health.set(.serving, of: "a.B")
      #expect(await events.next() == .message([8, 1]))
      health.shutdown()
      #expect(await events.next() == .message([8, 2]))
      #expect(await recorder.finished().status?.code == .unavailable)
      let last = try await check(channel, "a.B")
      #expect(last == [8, 2])
    }
  }

  @Test func `watchers beyond the limit are refused, and make room when they leave`() async throws {
    let health = GRPCHealth(mostWatchers: 1)
    try await withServer(health.methods) { channel, _ in
      let first = watch(channel, "")
      var events = first.events.makeAsyncIterator()
      #expect(await events.next() == .opened)
      #expect(await events.next() == .message([8, 1]))
      #expect(await watch(channel, "").finished().status?.code == .resourceExhausted)
    }
  }
}
