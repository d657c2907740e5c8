/// One unary call that waits for its answer. Every method may be called on any thread.
///
/// A call that is let go of without an answer fails with `internal`.
package final class GRPCCall: Sendable {
  private let exchange: UnaryExchange

  init(_ exchange: UnaryExchange) {
    self.exchange = exchange
  }

  deinit {
    exchange.answer(.failure(GRPCStatus(.internal, "the server gave no answer")))
  }

  /// The path that the client asked for: `/package.Service/Method`.
  package var method: String { exchange.method }

  /// Lends the request's bytes for the length of `body`. They are in one piece and not copied.
  package func withRequest<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    unsafe exchange.withRequest(body)
  }

  /// The headers that the client sent. Empty once the call is over.
  package var metadata: GRPCMetadata { exchange.metadata }

  /// The address of the client, as gRPC writes it: `ipv4:127.0.0.1:50312`. Empty once the call is over.
  package var peer: String { exchange.peer }

  /// How long the client still waits, not below zero; `nil` when it waits for ever.
  package var timeRemaining: Duration? { exchange.deadline.remaining }

  /// Whether the client has cancelled, gone away or run out of time: no answer will reach it. Not known
  /// of a prompt method's calls.
  package var isCancelled: Bool { exchange.isCancelled }

  /// Has `action` run once, on the queue's thread or at once, when the call is cancelled without an
  /// answer. A later action takes the place of this one. Calls of a prompt method are not watched.
  package func onCancel(_ action: @escaping @Sendable () -> Void) {
    exchange.onCancel(action)
  }

  /// Answers the call. Only the first answer counts, and none does after a cancellation.
  package func respond(_ message: [UInt8], trailers: GRPCMetadata = GRPCMetadata()) {
    exchange.answer(.message(message, trailers: trailers))
  }

  /// Answers the call with what `make` returns or throws. It runs on the queue's thread, soon: whoever has
  /// better things to do leaves the writing of an answer to it.
  package func respond(
    making make: @escaping @Sendable () throws(GRPCStatus) -> [UInt8]
  ) {
    exchange.answer(.later(make))
  }

  /// Answers the call with a status other than `ok`. Only the first answer counts.
  package func fail(_ status: GRPCStatus, trailers: GRPCMetadata = GRPCMetadata()) {
    precondition(status.code != .ok, "a unary call that goes well has an answer")
    exchange.answer(.failure(status.bounded, trailers: trailers))
  }
}
