import CGRPC

extension ServerCore {
  /// Takes the port.
  func bind() throws(GRPCServerError) -> GRPCAddress {
    let wanted = GRPCAddress(host: configuration.host, port: configuration.port)
    guard let credentials = ServerCredentials(configuration.tls) else {
      throw .badCredentials(for: wanted, [])
    }
    let secret = unsafe credentials.raw
    let (port, lines) = GRPCLog.holding {
      unsafe grpc_server_add_http2_port(raw, wanted.description, secret)
    }
    guard port > 0 else { throw .cannotListen(on: wanted, lines, configuration.tls) }
    return GRPCAddress(host: configuration.host, port: Int(port))
  }
}

extension GRPCServerError {
  fileprivate static func badCredentials(
    for address: GRPCAddress,
    _ lines: [String]
  ) -> GRPCServerError {
    let message = "the certificate or the key for \(address) cannot be used"
    return GRPCServerError(code: .badCredentials, message: message + reason(in: lines))
  }

  fileprivate static func cannotListen(
    on address: GRPCAddress,
    _ lines: [String],
    _ tls: GRPCServerTLS?
  ) -> GRPCServerError {
    if tls != nil, !lines.contains(where: { $0.contains("os_error") }) {
      return badCredentials(for: address, lines)
    }
    let message = "cannot listen on \(address)" + reason(in: lines)
    return GRPCServerError(code: .cannotListen, message: message)
  }

  /// What the operating system said, from lines such as `… os_error:"Address already in use" …`.
  private static func reason(in lines: [String]) -> String {
    for line in lines {
      guard let start = line.firstRange(of: "os_error:\"")?.upperBound else { continue }
      return ": " + line[start...].prefix { $0 != "\"" }
    }
    return lines.first.map { ": \($0.bounded(300))" } ?? ""
  }
}

extension GRPCServerConfiguration {
  /// - Throws: `invalidConfiguration`, naming what makes no sense.
  func check(_ methods: [GRPCMethod]) throws(GRPCServerError) {
    func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws(GRPCServerError) {
      if !condition { throw GRPCServerError(code: .invalidConfiguration, message: message()) }
    }
    try expect((0...65_535).contains(port), "port \(port) is not between 0 and 65535")
    let limit = maxReceiveMessageBytes
    try expect(
      (1...Int(Int32.max)).contains(limit),
      "maxReceiveMessageBytes \(limit) is not positive"
    )
    try expect(maxConcurrentStreams > 0, "maxConcurrentStreams must be at least 1")
    try expect(maxMetadataBytes >= 1024, "maxMetadataBytes must be at least 1024")
    var seen: Set<String> = []
    for method in methods {
      try expect(method.path.hasPrefix("/"), "the method path \(method.path) must begin with /")
      try expect(seen.insert(method.path).inserted, "the method \(method.path) is there twice")
    }
  }

  var arguments: ChannelArguments {
    var arguments = ChannelArguments()
    arguments.setCommon(
      keepalive: keepalive,
      maxMessage: maxReceiveMessageBytes,
      maxMetadata: maxMetadataBytes
    )
    arguments.set(GRPC_ARG_MAX_CONCURRENT_STREAMS, maxConcurrentStreams)
    arguments.set(GRPC_ARG_ALLOW_REUSEPORT, 0)  // Two servers on one port would share its clients.
    arguments.setMilliseconds(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, handshakeTimeout)
    // Clients may ping twice as often as we do before that counts as abuse.
    arguments.setMilliseconds(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      min(keepalive.interval, .seconds(5)) / 2
    )
    return arguments
  }
}
