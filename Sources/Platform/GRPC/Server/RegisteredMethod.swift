import CGRPC

/// A method as gRPC knows it.
@safe struct RegisteredMethod: @unchecked Sendable {
  let raw: UnsafeMutableRawPointer
  let method: GRPCMethod

  /// The path must not have been registered before.
  init(_ method: GRPCMethod, on server: OpaquePointer) {
    self.method = method
    let payload =
      method.isUnary ? GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER : GRPC_SRM_PAYLOAD_NONE
    guard let raw = unsafe grpc_server_register_method(server, method.path, nil, payload, 0) else {
      preconditionFailure("\(method.path) is registered twice")
    }
    unsafe self.raw = raw
  }

  /// How many calls are asked for ahead of time, so that a burst need not wait for us to ask again.
  ///
  /// Each such request stands in the way of all else: where gRPC is built with its assertions, as Debian
  /// does, it looks for a completed operation among all that are outstanding, one by one.
  var arrivals: Int {
    switch method.kind {
    case .unary(isPrompt: true, _): 16
    case .unary(isPrompt: false, _), .bidirectional: 2
    }
  }
}

extension GRPCMethod {
  var isUnary: Bool {
    switch kind {
    case .unary: true
    case .bidirectional: false
    }
  }
}
