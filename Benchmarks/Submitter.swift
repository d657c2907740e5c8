import PlatformGRPC
import Wire

/// Submits tasks through the control service, as any gRPC client would.
struct Submitter: Sendable {
  let channel: GRPCChannel
  private static let patience: Duration = .seconds(60)

  /// Submits `count` tasks in one request; returns when they are durable.
  func submit(_ count: Int, to handler: String) async throws {
    var request = WireWriter(capacity: count * (handler.utf8.count + 4))
    for _ in 0..<count { Self.add(handler, "", to: &request) }
    let answer = try await call("SubmitTasks", request.bytes)
    guard answer.count >= 38 * count else { throw BenchError("tasks were refused") }
  }

  /// Submits one task.
  func submit(to handler: String, param: String) async throws {
    _ = try await call("SubmitTask", Self.request(handler, param))
  }

  /// The call that submits one task.
  static func one(_ handler: String) -> CallLoad.Kind {
    CallLoad.Kind(path: path("SubmitTask"), request: request(handler, ""))
  }

  /// Submits `total` tasks in batches, so many requests at a time.
  func submit(_ total: Int, to handler: String, batch: Int, inFlight: Int) async throws {
    try await withThrowingTaskGroup { group in
      var rest = total
      var open = 0
      while rest > 0 || open > 0 {
        if rest > 0, open < inFlight {
          let count = min(batch, rest)
          rest -= count
          open += 1
          group.addTask { try await submit(count, to: handler) }
        } else {
          try await group.next()
          open -= 1
        }
      }
    }
  }

  private func call(_ method: String, _ request: [UInt8]) async throws -> [UInt8] {
    try await channel.unary(Self.path(method), request: request, timeout: Self.patience)
  }

  private static func path(_ method: String) -> String {
    "/tompion.control.v1.ControlService/\(method)"
  }

  private static func request(_ handler: String, _ param: String) -> [UInt8] {
    var request = WireWriter(capacity: 64)
    add(handler, param, to: &request)
    return request.bytes
  }

  /// A `TaskSpec`, which has the same number in both requests.
  private static func add(_ handler: String, _ param: String, to request: inout WireWriter) {
    request.message(2) { spec in
      spec.text(1, handler)
      if !param.isEmpty { spec.data(2, Array(param.utf8)) }
    }
  }
}
