import Synchronization

extension GRPCHealth {
  /// The methods of the health service, for a server to answer.
  package var methods: [GRPCMethod] {
    [
      .promptUnary("/grpc.health.v1.Health/Check") { [self] call in check(call) },
      .bidirectional("/grpc.health.v1.Health/Watch") { [self] stream in
        HealthWatch(stream, of: self)
      },
    ]
  }

  private func check(_ call: GRPCCall) {
    let request = unsafe call.withRequest { unsafe Array($0) }
    guard let service = Self.service(in: request) else {
      return call.fail(.malformedHealthCheck)
    }
    guard let status = status(of: service) else {
      let message = "the health of the service \(service.bounded(256)) is not known"
      return call.fail(GRPCStatus(.notFound, message))
    }
    call.respond(status.response)
  }

  /// The name in a HealthCheckRequest; `nil` when it is malformed.
  static func service(in request: [UInt8]) -> String? {
    guard let fields = try? WireReader.fields(of: request[...]) else { return nil }
    guard let named = fields.last(where: { $0.field == 1 }) else { return "" }
    return named.value.text
  }
}

extension GRPCHealth.Status {
  /// A HealthCheckResponse.
  var response: [UInt8] {
    var response = WireWriter()
    response.write(field: 1, varint: rawValue)
    return response.bytes
  }
}

extension GRPCStatus {
  fileprivate static let malformedHealthCheck = GRPCStatus(
    .invalidArgument,
    "the request is not a grpc.health.v1.HealthCheckRequest"
  )
}

/// One Watch stream: it begins to watch once its request has come.
private final class HealthWatch: GRPCStreamHandler {
  private let stream: GRPCServerStream
  private let health: GRPCHealth
  private let watcher = Mutex<HealthWatcher?>(nil)

  init(_ stream: GRPCServerStream, of health: GRPCHealth) {
    self.stream = stream
    self.health = health
  }

  func received(_ message: UnsafeRawBufferPointer) {
    guard watcher.withLock({ $0 }) == nil else { return }
    guard let service = unsafe GRPCHealth.service(in: Array(message)) else {
      return stream.finish(.malformedHealthCheck)
    }
    let begun = HealthWatcher(service: service, stream)
    watcher.withLock { $0 = begun }
    if !health.add(begun) {
      stream.finish(GRPCStatus(.resourceExhausted, "too many streams watch the health"))
    }
  }

  func nextMessage() -> [UInt8]? {
    watcher.withLock { $0 }?.next()?.response
  }

  func receivedEnd() {
    guard watcher.withLock({ $0 }) == nil else { return }
    stream.finish(.malformedHealthCheck)
  }

  func closed(_ status: GRPCStatus) {
    if let watcher = watcher.withLock({ $0 }) { health.remove(watcher) }
  }
}

/// Someone who wants to know about one service. Only the latest status waits to be sent.
final class HealthWatcher: Sendable {
  private struct State {
    var waiting: GRPCHealth.Status?
    var sent: GRPCHealth.Status?
  }

  let service: String
  private let stream: GRPCServerStream
  private let state = Mutex(State())

  init(service: String, _ stream: GRPCServerStream) {
    self.service = service
    self.stream = stream
  }

  func tell(_ status: GRPCHealth.Status) {
    state.withLock { $0.waiting = status }
    stream.wantsToSend()
  }

  func end() {
    tell(.notServing)
    stream.finish(GRPCStatus(.unavailable, "the server is shutting down"))
  }

  /// What is to be sent now, if it is not what was sent last.
  func next() -> GRPCHealth.Status? {
    state.withLock { state in
      defer { state.waiting = nil }
      guard let status = state.waiting, status != state.sent else { return nil }
      state.sent = status
      return status
    }
  }
}
