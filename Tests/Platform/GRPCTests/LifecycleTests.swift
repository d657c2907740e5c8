import PlatformGRPC
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LifecycleTests {
  @Test func `a server starts and stops again and again`() async throws {
    for _ in 0..<20 {
      try await withServer([.echo, .echoStream]) { channel, _ in
        let answer = try await channel.unary("/test.Test/Echo", request: [1], timeout: .seconds(20))
        #expect(answer == [1])
      }
    }
  }

  @Test func `a server that was never started can be shut down`() async throws {
    let server = try GRPCServer(configuration: GRPCServerConfiguration(), methods: [.echo])
    await server.shutdown(grace: .seconds(10))
    await server.shutdown(grace: .seconds(10))
  }

  @Test func `a server that is let go of ends by itself`() async throws {
    let recorder = Recorder()
    var server: GRPCServer? = try GRPCServer(
      configuration: GRPCServerConfiguration(),
      methods: [.echoStream]
    )
    let address = try #require(try server?.start())
    let channel = GRPCChannel(target: address.description)
    channel.open("/test.Test/Stream") { _ in recorder }
    var events = recorder.events.makeAsyncIterator()
    #expect(await events.next() == .opened)
    server = nil
    #expect(await recorder.finished().status != .ok)
  }

  @Test func `a second server on the same port is refused with the address`() async throws {
    let first = try GRPCServer(configuration: GRPCServerConfiguration(), methods: [])
    let address = try first.start()
    let second = try GRPCServer(
      configuration: GRPCServerConfiguration(port: address.port),
      methods: []
    )
    let error = #expect(throws: GRPCServerError.self) { try second.start() }
    #expect(error?.code == .cannotListen)
    #expect(error?.message == "cannot listen on \(address): Address already in use")
    await second.shutdown(grace: .zero)
    await first.shutdown(grace: .zero)
  }

  @Test func `two methods with one path are refused`() {
    let error = #expect(throws: GRPCServerError.self) {
      try GRPCServer(configuration: GRPCServerConfiguration(), methods: [.echo, .echo])
    }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.message.contains("/test.Test/Echo") == true)
  }

  @Test func `a drained server takes no more calls but finishes those it has`() async throws {
    let arrived = AsyncStream.makeStream(of: GRPCCall.self)
    let method = GRPCMethod.unary("/test.Test/Wait") { arrived.continuation.yield($0) }
    try await withServer([method, .echo]) { channel, running in
      async let answer = channel.unary("/test.Test/Wait", request: [], timeout: .seconds(20))
      var calls = arrived.stream.makeAsyncIterator()
      let call = try #require(await calls.next())
      running.server.drain()
      let late = GRPCChannel(target: running.address.description)
      let error = await #expect(throws: GRPCStatus.self) {
        try await late.unary("/test.Test/Echo", request: [1], timeout: .seconds(20))
      }
      #expect(error?.code == .unavailable)
      call.respond([42])
      #expect(try await answer == [42])
      await running.server.shutdown(grace: .seconds(20))
    }
  }

  @Test func `calls that outlast the grace are cancelled`() async throws {
    let arrived = AsyncStream.makeStream(of: GRPCCall.self)
    let method = GRPCMethod.unary("/test.Test/Wait") { arrived.continuation.yield($0) }
    try await withServer([method]) { channel, running in
      let caller = Task {
        try await channel.unary("/test.Test/Wait", request: [], timeout: .seconds(20))
      }
      var calls = arrived.stream.makeAsyncIterator()
      let call = try #require(await calls.next())
      await running.server.shutdown(grace: .milliseconds(10))
      #expect(call.isCancelled)
      call.respond([1])  // Too late, and harmless.
      let result = await caller.result
      #expect(throws: GRPCStatus.self) { try result.get() }
    }
  }

  @Test func `answers given on many threads at once all arrive`() async throws {
    let method = GRPCMethod.promptUnary("/test.Test/Elsewhere") { call in
      let request = unsafe call.withRequest { unsafe Array($0) }
      Task.detached { call.respond(request.reversed()) }
    }
    try await withServer([method]) { channel, _ in
      try await withThrowingTaskGroup { group in
        for number in 0..<500 {
          group.addTask {
            let sent = [UInt8](repeating: UInt8(number & 255), count: number) + [1]
            let path = "/test.Test/Elsewhere"
            let answer = try await channel.unary(path, request: sent, timeout: .seconds(30))
            #expect(answer == sent.reversed())
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func `a server that shuts down waits for the answer of a prompt method`() async throws {
    let arrived = AsyncStream.makeStream(of: GRPCCall.self)
    let method = GRPCMethod.promptUnary("/test.Test/Wait") { arrived.continuation.yield($0) }
    try await withServer([method]) { channel, running in
      let caller = Task {
        try await channel.unary("/test.Test/Wait", request: [], timeout: .seconds(20))
      }
      var calls = arrived.stream.makeAsyncIterator()
      let call = try #require(await calls.next())
      let stopping = Task {
        await running.server.shutdown(grace: .zero)
        return ContinuousClock.now
      }
      // The end of the grace has cancelled the call, on the client's side too.
      _ = await caller.result
      let answeredAt = ContinuousClock.now
      call.respond([1])
      #expect(await stopping.value > answeredAt)
    }
  }

  @Test func `open streams are told when the server goes`() async throws {
    let ended = Recorder()
    try await withServer([.stream { _ in ended }]) { channel, running in
      let recorder = Recorder()
      channel.open("/test.Test/Stream") { _ in recorder }
      var events = recorder.events.makeAsyncIterator()
      #expect(await events.next() == .opened)
      await running.server.shutdown(grace: .zero)
      #expect(await ended.finished().status?.code == .cancelled)
      let status = await recorder.finished().status
      #expect(status != nil && status != .ok)
    }
  }

  @Test func `a client that goes away in the middle of a stream is noticed`() async throws {
    let ended = Recorder()
    try await withServer([.stream { _ in ended }]) { channel, _ in
      let recorder = Recorder()
      channel.open("/test.Test/Stream") { _ in recorder }
      var events = recorder.events.makeAsyncIterator()
      #expect(await events.next() == .opened)
      channel.close()
      #expect(await ended.finished().status?.code == .cancelled)
      #expect(await recorder.finished().status == GRPCStatus(.unavailable, "the channel is closed"))
    }
  }

  @Test func `a stream says nothing to a handler after it has closed`() async throws {
    try await withServer([.echoStream]) { channel, _ in
      let recorder = Recorder()
      let stream = channel.open("/test.Test/Stream") { _ in recorder }
      stream.sendEnd()
      #expect(await recorder.finished().status == .ok)
      stream.wantsToSend()
      stream.pauseReading()
      stream.resumeReading()
      stream.sendEnd()
      stream.cancel()
    }
  }

  @Test func `a handler that keeps its stream is let go of once it has closed`() async throws {
    let gone = try await withServer([.echoStream]) { channel, _ in
      let recorder = Recorder()
      let stream = channel.open("/test.Test/Stream") { stream in
        recorder.keepsakes.withLock { $0.append(stream) }
        return recorder
      }
      stream.sendEnd()
      _ = await recorder.finished()
      return recorder.gone
    }
    for await _ in gone {}  // Ends when the recorder does.
  }

  @Test func `streams that start and end under a busy server leave none behind`() async throws {
    let open = Mutex(0)
    let method = GRPCMethod.stream { stream in
      open.withLock { $0 += 1 }
      let recorder = Recorder()
      recorder.whenClosed = { open.withLock { $0 -= 1 } }
      recorder.whenEnded = { stream.finish() }
      return recorder
    }
    try await withServer([method, .echo]) { channel, _ in
      try await connect(channel)
      await withTaskGroup { group in
        for number in 0..<300 {
          group.addTask {
            let recorder = Recorder()
            let timeout: Duration = number % 3 == 2 ? .milliseconds(number) : .seconds(20)
            let stream = channel.open("/test.Test/Stream", timeout: timeout) { _ in recorder }
            if number % 3 == 0 { stream.sendEnd() }
            if number % 3 == 1 { stream.cancel() }
            _ = await recorder.finished()
          }
        }
      }
    }
    #expect(open.withLock { $0 } == 0)
  }

  @Test func `a deadline reaches the client, the call and its task`() async throws {
    let cancelled = AsyncStream.makeStream(of: Bool.self)
    let method = GRPCMethod.unaryAsync("/test.Test/Slow") {
      _,
      context async throws(GRPCStatus) -> [UInt8] in
      #expect(context.deadline != nil)
      try? await Task.sleep(for: .seconds(30))
      cancelled.continuation.yield(Task.isCancelled)
      throw GRPCStatus(.cancelled)
    }
    try await withServer([method, .echo]) { channel, _ in
      try await connect(channel)
      let error = await #expect(throws: GRPCStatus.self) {
        try await channel.unary("/test.Test/Slow", request: [], timeout: .milliseconds(300))
      }
      #expect(error?.code == .deadlineExceeded)
      var ends = cancelled.stream.makeAsyncIterator()
      #expect(await ends.next() == true)
    }
  }

  @Test func `cancelling the caller's task cancels the handler's`() async throws {
    let started = AsyncStream.makeStream(of: Void.self)
    let cancelled = AsyncStream.makeStream(of: Bool.self)
    let method = GRPCMethod.unaryAsync("/test.Test/Slow") {
      _,
      context async throws(GRPCStatus) -> [UInt8] in
      #expect(context.peer.hasPrefix("ipv4:127.0.0.1:"))
      started.continuation.yield()
      try? await Task.sleep(for: .seconds(30))
      cancelled.continuation.yield(Task.isCancelled)
      return []
    }
    try await withServer([method]) { channel, _ in
      let caller = Task {
        try await channel.unary("/test.Test/Slow", request: [], timeout: .seconds(20))
      }
      var starts = started.stream.makeAsyncIterator()
      await starts.next()
      caller.cancel()
      var ends = cancelled.stream.makeAsyncIterator()
      #expect(await ends.next() == true)
      let result = await caller.result
      #expect(throws: GRPCStatus(.cancelled, "the caller cancelled")) { try result.get() }
    }
  }

  @Test func `an asynchronous answer comes back`() async throws {
    let method = GRPCMethod.unaryAsync("/test.Test/Later") {
      request,
      context async throws(GRPCStatus) -> [UInt8] in
      await Task.yield()
      return request + Array(context.method.utf8)
    }
    try await withServer([method]) { channel, _ in
      let answer = try await channel.unary(
        "/test.Test/Later",
        request: [1],
        timeout: .seconds(20)
      )
      #expect(answer == [1] + Array("/test.Test/Later".utf8))
    }
  }

  @Test func `a channel finds a server that comes back on the same port`() async throws {
    let first = try GRPCServer(configuration: GRPCServerConfiguration(), methods: [.echo])
    let address = try first.start()
    let channel = GRPCChannel(target: address.description)
    _ = try await channel.unary("/test.Test/Echo", request: [1], timeout: .seconds(20))
    await first.shutdown(grace: .zero)
    let second = try GRPCServer(
      configuration: GRPCServerConfiguration(port: address.port),
      methods: [.echo]
    )
    _ = try second.start()
    var answer: [UInt8]?
    while answer == nil {
      answer = try? await channel.unary("/test.Test/Echo", request: [2], timeout: .seconds(20))
    }
    #expect(answer == [2])
    channel.close()
    await second.shutdown(grace: .zero)
  }
}
