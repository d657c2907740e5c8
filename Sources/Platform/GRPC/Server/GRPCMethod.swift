/// One method that a server answers.
package struct GRPCMethod: Sendable {
  enum Kind: Sendable {
    case unary(isPrompt: Bool, @Sendable (GRPCCall) -> Void)
    case bidirectional(@Sendable (GRPCServerStream) throws(GRPCStatus) -> any GRPCStreamHandler)
  }

  /// `/package.Service/Method`.
  package let path: String
  let kind: Kind

  /// One request, one answer. The handler runs on the queue's thread and must not hold it up; the
  /// answer may come from any thread, also later.
  package static func unary(
    _ path: String,
    _ handler: @escaping @Sendable (GRPCCall) -> Void
  ) -> GRPCMethod {
    GRPCMethod(path: path, kind: .unary(isPrompt: false, handler))
  }

  /// One request, one answer that surely comes soon, as often as can be.
  ///
  /// Nobody looks whether the client still waits, which saves a tenth of the call. In return a server
  /// that shuts down waits for the answer, whatever its grace.
  package static func promptUnary(
    _ path: String,
    _ handler: @escaping @Sendable (GRPCCall) -> Void
  ) -> GRPCMethod {
    GRPCMethod(path: path, kind: .unary(isPrompt: true, handler))
  }

  /// Messages both ways. Streams with one side only are the same on the wire and belong here, too.
  ///
  /// `open` runs on the queue's thread. What it throws is what the client gets.
  package static func bidirectional(
    _ path: String,
    open: @escaping @Sendable (GRPCServerStream) throws(GRPCStatus) -> any GRPCStreamHandler
  ) -> GRPCMethod {
    GRPCMethod(path: path, kind: .bidirectional(open))
  }
}
