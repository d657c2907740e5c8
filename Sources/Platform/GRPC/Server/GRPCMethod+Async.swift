extension GRPCMethod {
  /// One request, one answer, worked out in a task of its own.
  ///
  /// The task is cancelled when the client cancels, goes away or runs out of time, and when a server
  /// that shuts down has no more patience. The server does not wait for it beyond that.
  package static func unaryAsync(
    _ path: String,
    _ handler: @escaping @Sendable ([UInt8], GRPCCallContext) async throws(GRPCStatus) -> [UInt8]
  ) -> GRPCMethod {
    .unary(path) { call in
      let request = unsafe call.withRequest { unsafe Array($0) }
      let context = GRPCCallContext(call)
      // Nobody awaits the task: it holds the call, and a call without an answer holds the server.
      let task = Task {
        do throws(GRPCStatus) {
          call.respond(try await handler(request, context))
        } catch {
          call.fail(error)
        }
      }
      call.onCancel { task.cancel() }
    }
  }
}

/// What an asynchronous handler knows about its call besides the request.
package struct GRPCCallContext: Sendable {
  /// The path that the client asked for: `/package.Service/Method`.
  package let method: String
  package let metadata: GRPCMetadata
  /// The address of the client, as gRPC writes it: `ipv4:127.0.0.1:50312`.
  package let peer: String
  /// When the client stops waiting; `nil` when it never does.
  package let deadline: ContinuousClock.Instant?

  init(_ call: GRPCCall) {
    method = call.method
    metadata = call.metadata
    peer = call.peer
    deadline = call.timeRemaining.map { .now + $0 }
  }
}
