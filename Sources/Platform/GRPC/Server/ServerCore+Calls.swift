extension ServerCore {
  /// Hands a call to its method. On the queue's thread.
  func accept(_ incoming: consuming IncomingCall, of method: GRPCMethod) {
    switch method.kind {
    case .unary(let isPrompt, let handler): serve(incoming, path: method.path, isPrompt, handler)
    case .bidirectional(let open): serve(incoming, path: method.path, open)
    }
  }

  private func serve(
    _ incoming: consuming IncomingCall,
    path: String,
    _ isPrompt: Bool,
    _ handler: @Sendable (GRPCCall) -> Void
  ) {
    var incoming = incoming
    guard let request = incoming.request.take() else {
      return refuse(incoming.call, GRPCStatus(.internal, "\(path) was called without a message"))
    }
    openCalls += 1
    let exchange = UnaryExchange(incoming, request: request, method: path, server: self)
    handler(GRPCCall(exchange))
    if !isPrompt { exchange.watch() }
  }

  private func serve(
    _ incoming: consuming IncomingCall,
    path: String,
    _ open: @Sendable (GRPCServerStream) throws(GRPCStatus) -> any GRPCStreamHandler
  ) {
    let call = incoming.call
    let core = ServerStreamCore(call: call, deadline: incoming.deadline, server: self)
    let stream = GRPCServerStream(
      core: core,
      method: path,
      metadata: incoming.metadata.read(),
      peer: call.peer
    )
    do throws(GRPCStatus) {
      core.connect(try open(stream))
    } catch {
      return refuse(call, error)
    }
    openCalls += 1
    core.beginTurns()
  }

  /// Ends a call that nobody serves. On the queue's thread.
  func refuse(_ call: CallHandle, _ status: GRPCStatus) {
    openCalls += 1
    Refusal(call, status, server: self).send()
  }
}
