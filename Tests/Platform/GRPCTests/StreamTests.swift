import PlatformGRPC
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct StreamTests {
  /// Opens a stream with a recorder at the client's end.
  func open(
    _ channel: GRPCChannel,
    timeout: Duration? = .seconds(20)
  ) -> (stream: GRPCClientStream, recorder: Recorder) {
    let recorder = Recorder()
    let stream = channel.open("/test.Test/Stream", timeout: timeout) { stream in
      recorder.sender = { stream.wantsToSend() }
      return recorder
    }
    return (stream, recorder)
  }

  @Test func `messages go both ways in order, and a half-close ends the stream`() async throws {
    try await withServer([.echoStream]) { channel, _ in
      let (stream, recorder) = open(channel)
      let sent = (0..<5_000).map { Array("message \($0)".utf8) }
      for message in sent { recorder.send(message) }
      stream.sendEnd()
      let (messages, status) = await recorder.finished()
      #expect(messages == sent)
      #expect(status == .ok)
    }
  }

  @Test func `two streams at once do not mix`() async throws {
    try await withServer([.echoStream]) { channel, _ in
      let (first, one) = open(channel)
      let (second, two) = open(channel)
      for number in 0..<200 {
        one.send([1, UInt8(number)])
        two.send([2, UInt8(number)])
      }
      first.sendEnd()
      second.sendEnd()
      let (ones, twos) = await (one.finished(), two.finished())
      #expect(ones.messages == (0..<200).map { [1, UInt8($0)] })
      #expect(twos.messages == (0..<200).map { [2, UInt8($0)] })
    }
  }

  @Test func `the client hears that the stream is open before anything was sent`() async throws {
    try await withServer([.echoStream]) { channel, _ in
      let (stream, recorder) = open(channel)
      var events = recorder.events.makeAsyncIterator()
      #expect(await events.next() == .opened)
      stream.sendEnd()
      #expect(await events.next() == .closed(.ok))
    }
  }

  @Test func `all that was queued leaves before the status`() async throws {
    let sent = (0..<2_000).map { Array("\($0)".utf8) }
    let status = GRPCStatus(.aborted, "enough", details: [8, 10])
    let method = GRPCMethod.stream { stream in
      let recorder = Recorder()
      for message in sent { recorder.send(message) }
      stream.wantsToSend()
      stream.finish(status)
      stream.finish(GRPCStatus(.unknown, "only the first counts"))
      return recorder
    }
    try await withServer([method]) { channel, _ in
      let finished = await open(channel).recorder.finished()
      #expect(finished.messages == sent)
      #expect(finished.status == status)
    }
  }

  @Test func `what the server throws on opening is the status`() async throws {
    let status = GRPCStatus(.unauthenticated, "no token", details: [1])
    let method = GRPCMethod.stream { _ throws(GRPCStatus) in throw status }
    try await withServer([method]) { channel, _ in
      let finished = await open(channel).recorder.finished()
      #expect(finished.messages.isEmpty)
      #expect(finished.status == status)
    }
  }

  @Test func `a stream on a closed channel closes at once`() async throws {
    try await withServer([.echoStream]) { channel, _ in
      channel.close()
      let finished = await open(channel).recorder.finished()
      #expect(finished.status == GRPCStatus(.unavailable, "the channel is closed"))
    }
  }

  @Test func `a cancelled stream reaches both handlers`() async throws {
    let server = Recorder()
    try await withServer([.stream { _ in server }]) { channel, _ in
      let (stream, recorder) = open(channel)
      var events = recorder.events.makeAsyncIterator()
      #expect(await events.next() == .opened)
      stream.cancel()
      #expect(await recorder.finished().status?.code == .cancelled)
      #expect(await server.finished().status?.code == .cancelled)
    }
  }

  @Test func `a deadline ends a stream on both sides`() async throws {
    let server = Recorder()
    try await withServer([.stream { _ in server }, .echo]) { channel, _ in
      try await connect(channel)
      let (_, recorder) = open(channel, timeout: .milliseconds(300))
      #expect(await recorder.finished().status?.code == .deadlineExceeded)
      let code = await server.finished().status?.code
      #expect(code == .deadlineExceeded || code == .cancelled)
    }
  }

  @Test func `an abort overtakes what is queued, and carries its status`() async throws {
    let status = GRPCStatus(.permissionDenied, "the token was revoked")
    let server = Recorder()
    let method = GRPCMethod.stream { stream in
      for _ in 0..<100 { server.send([UInt8](repeating: 1, count: 100_000)) }
      stream.wantsToSend()
      server.whenReceived = { _ in stream.abort(status) }
      return server
    }
    try await withServer([method]) { channel, _ in
      let (stream, recorder) = open(channel)
      stream.pauseReading()
      recorder.send([1])
      #expect(await server.finished().status == status)
      stream.resumeReading()  // The end comes after what had left before it.
      let finished = await recorder.finished()
      #expect(finished.status == status)
      #expect(finished.messages.count < 100)
    }
  }

  @Test func `a message over the limit ends the stream as resource exhausted`() async throws {
    var configuration = GRPCServerConfiguration()
    configuration.maxReceiveMessageBytes = 1_000
    try await withServer([.echoStream], server: configuration) { channel, _ in
      let (_, recorder) = open(channel)
      var events = recorder.events.makeAsyncIterator()
      let allowed = [UInt8](repeating: 1, count: 1_000)
      recorder.send(allowed)
      #expect(await events.next() == .opened)
      #expect(await events.next() == .message(allowed))
      recorder.send(allowed + [1])
      let finished = await recorder.finished()
      #expect(finished.status?.code == .resourceExhausted)
    }
  }

  @Test func `a client that does not read holds back the server, and loses nothing`() async throws {
    let server = Recorder()
    let size = 10_000
    let count = 2_000
    let method = GRPCMethod.stream { stream in
      server.sender = stream.wantsToSend
      for _ in 0..<count { server.send([UInt8](repeating: 1, count: size)) }
      stream.finish()
      return server
    }
    try await withServer([method, .echo]) { channel, _ in
      let recorder = Recorder()
      let stream = channel.open("/test.Test/Stream") { stream in
        stream.pauseReading()
        return recorder
      }
      // Round trips on the same connection show that the server had every chance to go on.
      for _ in 0..<20 {
        _ = try await channel.unary("/test.Test/Echo", request: [1], timeout: .seconds(20))
      }
      #expect(server.pulled * size < 1 << 20, "\(server.pulled) messages left")
      stream.resumeReading()
      let finished = await recorder.finished()
      #expect(finished.messages.count == count)
      #expect(finished.status == .ok)
    }
  }

  @Test func `a server that pauses reading holds back the client`() async throws {
    let server = Recorder()
    let opened = AsyncStream.makeStream(of: GRPCServerStream.self)
    let method = GRPCMethod.stream { stream in
      stream.pauseReading()
      server.whenEnded = { stream.finish() }
      opened.continuation.yield(stream)
      return server
    }
    try await withServer([method, .echo]) { channel, _ in
      let (stream, recorder) = open(channel)
      for _ in 0..<2_000 { recorder.send([UInt8](repeating: 1, count: 10_000)) }
      stream.sendEnd()
      var streams = opened.stream.makeAsyncIterator()
      let paused = try #require(await streams.next())
      for _ in 0..<20 {
        _ = try await channel.unary("/test.Test/Echo", request: [1], timeout: .seconds(20))
      }
      #expect(recorder.pulled * 10_000 < 1 << 20, "\(recorder.pulled) messages left")
      paused.resumeReading()
      #expect(await recorder.finished().status == .ok)
      #expect(await server.finished().messages.count == 2_000)
    }
  }

  @Test func `wishes from many threads at once lose no message`() async throws {
    try await withServer([.echoStream]) { channel, _ in
      let (stream, recorder) = open(channel)
      await withTaskGroup { group in
        for sender in 0..<8 {
          group.addTask {
            for number in 0..<500 {
              recorder.send([UInt8(sender), UInt8(number & 255), UInt8(number >> 8)])
            }
          }
        }
      }
      stream.sendEnd()
      let finished = await recorder.finished()
      #expect(Set(finished.messages).count == 4_000)
      #expect(finished.messages.count == 4_000)
    }
  }
}
