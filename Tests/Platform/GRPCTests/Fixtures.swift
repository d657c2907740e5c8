import PlatformGRPC
import Synchronization

/// A server that has been started, and where.
struct RunningServer {
  let server: GRPCServer
  let address: GRPCAddress
}

/// Runs `body` with a started server and a channel to it, and takes both down again.
@discardableResult
func withServer<Value>(
  _ methods: [GRPCMethod],
  server: GRPCServerConfiguration = GRPCServerConfiguration(),
  client: GRPCChannelConfiguration = GRPCChannelConfiguration(),
  _ body: (GRPCChannel, RunningServer) async throws -> Value
) async throws -> Value {
  let server = try GRPCServer(configuration: server, methods: methods)
  let address = try server.start()
  let channel = GRPCChannel(target: address.description, configuration: client)
  do {
    let value = try await body(channel, RunningServer(server: server, address: address))
    channel.close()
    await server.shutdown(grace: .zero)
    return value
  } catch {
    channel.close()
    await server.shutdown(grace: .zero)
    throw error
  }
}

/// Has `channel` connected, so that a short deadline is not spent on that. The server has `echo`.
func connect(_ channel: GRPCChannel) async throws {
  _ = try await channel.unary("/test.Test/Echo", request: [], timeout: .seconds(10))
}

extension GRPCMethod {
  /// Answers with the request.
  static let echo = GRPCMethod.unary("/test.Test/Echo") { call in
    call.respond(unsafe call.withRequest { unsafe Array($0) })
  }

  /// A stream whose handler is made by `handler`.
  static func stream(
    _ handler: @escaping @Sendable (GRPCServerStream) throws(GRPCStatus) -> any GRPCStreamHandler
  ) -> GRPCMethod {
    .bidirectional("/test.Test/Stream", open: handler)
  }

  /// Sends back each message of a stream, and ends when the client does.
  static let echoStream = GRPCMethod.stream { stream in
    let recorder = Recorder()
    recorder.sender = stream.wantsToSend
    recorder.whenReceived = { recorder.send($0) }
    recorder.whenEnded = { stream.finish() }
    return recorder
  }
}

/// A stream handler that sends what it is given and writes down what happens, in order.
final class Recorder: GRPCStreamHandler {
  enum Event: Sendable, Equatable {
    case opened
    case message([UInt8])
    case end
    case closed(GRPCStatus)
  }

  private struct State {
    var outgoing: [[UInt8]] = []
    var sender: (@Sendable () -> Void)?
    var whenReceived: (@Sendable ([UInt8]) -> Void)?
    var whenEnded: (@Sendable () -> Void)?
    var whenClosed: (@Sendable () -> Void)?
    var pulled = 0
  }

  let (events, log) = AsyncStream.makeStream(of: Event.self)
  /// Ends when nobody holds the recorder any more.
  let (gone, farewell) = AsyncStream.makeStream(of: Never.self)
  /// What is held until then.
  let keepsakes = Mutex<[any Sendable]>([])
  private let state = Mutex(State())

  deinit { farewell.finish() }

  var sender: (@Sendable () -> Void)? {
    get { state.withLock { $0.sender } }
    set { state.withLock { $0.sender = newValue } }
  }

  var whenReceived: (@Sendable ([UInt8]) -> Void)? {
    get { state.withLock { $0.whenReceived } }
    set { state.withLock { $0.whenReceived = newValue } }
  }

  var whenEnded: (@Sendable () -> Void)? {
    get { state.withLock { $0.whenEnded } }
    set { state.withLock { $0.whenEnded = newValue } }
  }

  var whenClosed: (@Sendable () -> Void)? {
    get { state.withLock { $0.whenClosed } }
    set { state.withLock { $0.whenClosed = newValue } }
  }

  /// How many messages gRPC has asked for and got.
  var pulled: Int { state.withLock { $0.pulled } }

  func send(_ message: [UInt8]) {
    let sender = state.withLock { state in
      state.outgoing.append(message)
      return state.sender
    }
    sender?()
  }

  func opened(_ metadata: GRPCMetadata) { log.yield(.opened) }

  func received(_ message: UnsafeRawBufferPointer) {
    let message = unsafe Array(message)
    log.yield(.message(message))
    whenReceived?(message)
  }

  func nextMessage() -> [UInt8]? {
    state.withLock { state in
      guard !state.outgoing.isEmpty else { return nil }
      state.pulled += 1
      return state.outgoing.removeFirst()
    }
  }

  func receivedEnd() {
    log.yield(.end)
    whenEnded?()
  }

  func closed(_ status: GRPCStatus) {
    whenClosed?()
    state.withLock { $0 = State() }
    log.yield(.closed(status))
    log.finish()
  }

  /// The messages until the stream closes, and how it closed.
  func finished() async -> (messages: [[UInt8]], status: GRPCStatus?) {
    var messages: [[UInt8]] = []
    var status: GRPCStatus?
    for await event in events {
      switch event {
      case .message(let message): messages.append(message)
      case .closed(let last): status = last
      case .opened, .end: break
      }
    }
    return (messages, status)
  }
}
