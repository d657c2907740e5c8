import PlatformGRPC
import PlatformHTTP
import PlatformRuntime
import Synchronization
import Wire

extension FuzzTarget {
  /// Bytes on the ports of a real server.
  ///
  /// Whatever one client sends, it is answered or hung up on, and the next client gets its answer.
  static let wires = [
    FuzzTarget("http-wire", longest: 4_096, open: overHTTP),
    FuzzTarget("grpc-wire", longest: 4_096, open: overTCPToGRPC),
    FuzzTarget("grpc-stream", longest: 4_096, open: overStream),
    FuzzTarget("grpc-call", longest: 4_096, open: overCall),
  ]

  /// How long a server may take to hang up on whoever has nothing more to say.
  private static let patience: Duration = .seconds(1)

  private static func overHTTP() async throws -> Subject {
    let server = try await LoopbackServer()
    let client = HTTPClient()
    return Subject { input in
      try await RawConnection.send(input, to: server.httpPort, patience: patience)
      let answer = try await client.send(HTTPClientRequest(.get, server.url + "/healthz"))
      try demand(answer.status == 200, "the server is no longer well")
    } close: {
      await server.stop()
    }
  }

  private static func overTCPToGRPC() async throws -> Subject {
    let server = try await LoopbackServer()
    let channel = GRPCChannel(target: server.grpc)
    // Every other input begins where a client would go on after its first words.
    let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
    return Subject { input in
      let isGreeting = input.first.map { $0 & 1 == 1 } ?? false
      let bytes = isGreeting ? preface + input.dropFirst() : input
      try await RawConnection.send(bytes, to: server.grpcPort, patience: patience)
      _ = try await channel.unary(health, request: [], timeout: patience)
    } close: {
      channel.close()
      await server.stop()
    }
  }

  private static let health = "/grpc.health.v1.Health/Check"

  /// An honest stream that carries the input's pieces as messages.
  private static func overStream() async throws -> Subject {
    let server = try await LoopbackServer()
    return Subject { input in
      var script = Script(input)
      var messages: [[UInt8]] = []
      while messages.count < 20, case let message = script.bytes(), !message.isEmpty {
        messages.append(message)
      }
      let channel = GRPCChannel(target: server.grpc)
      defer { channel.close() }
      let closed = Latch()
      channel.open("/tompion.worker.v1.WorkerService/Connect", timeout: patience) { stream in
        Sending(messages, stream, closed)
      }.wantsToSend()
      await closed.opened()
      _ = try await channel.unary(health, request: [], timeout: patience)
    } close: {
      await server.stop()
    }
  }

  /// A call of any method of the control service, whose request is the input.
  private static func overCall() async throws -> Subject {
    let server = try await LoopbackServer()
    let channel = GRPCChannel(target: server.grpc)
    let methods = ServiceShape.control.methods.map(\.name)
    return Subject { input in
      let name = methods[Int(input.first ?? 0) % methods.count]
      do throws(GRPCStatus) {
        _ = try await channel.unary(
          "/\(ServiceShape.control.name)/\(name)",
          request: Array(input.dropFirst()),
          timeout: patience
        )
      } catch {
        let isFault = [.internal, .unknown, .deadlineExceeded].contains(error.code)
        try demand(!isFault, "\(name): \(error)")
      }
    } close: {
      channel.close()
      await server.stop()
    }
  }
}

/// The client's end of a stream: says what it has to say, then that it is done.
private final class Sending: GRPCStreamHandler {
  private let messages: Mutex<ArraySlice<[UInt8]>>
  private let stream: GRPCClientStream
  private let isClosed: Latch

  init(_ messages: [[UInt8]], _ stream: GRPCClientStream, _ isClosed: Latch) {
    self.messages = Mutex(messages[...])
    self.stream = stream
    self.isClosed = isClosed
  }

  func received(_ message: UnsafeRawBufferPointer) {}

  func nextMessage() -> [UInt8]? {
    let (message, isLast) = messages.withLock { ($0.popFirst(), $0.isEmpty) }
    if isLast { stream.sendEnd() }
    return message
  }

  func closed(_ status: GRPCStatus) { isClosed.open() }
}
