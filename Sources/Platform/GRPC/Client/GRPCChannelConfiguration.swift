import CGRPC

/// How a channel behaves.
package struct GRPCChannelConfiguration: Sendable, Hashable {
  /// The longest message a server may send. A longer one ends its call with `resourceExhausted`.
  package var maxReceiveMessageBytes = 4 << 20
  /// The most bytes that the headers or trailers of one call may have, names included.
  package var maxMetadataBytes = 16 << 10
  /// How a server that fell silent is found.
  package var keepalive = GRPCKeepalive()
  /// The wait before the second attempt to connect. It grows with every failure.
  package var firstReconnectDelay: Duration = .milliseconds(200)
  /// The longest wait between two attempts to connect.
  package var longestReconnectDelay: Duration = .seconds(5)
  /// How long one attempt to connect may take.
  package var connectTimeout: Duration = .seconds(5)
  /// `nil`: the connection is plain.
  package var tls: GRPCClientTLS?

  package init() {}

  var arguments: ChannelArguments {
    var arguments = ChannelArguments()
    arguments.setCommon(
      keepalive: keepalive,
      maxMessage: maxReceiveMessageBytes,
      maxMetadata: maxMetadataBytes
    )
    arguments.setMilliseconds(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, firstReconnectDelay)
    arguments.setMilliseconds(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, longestReconnectDelay)
    arguments.setMilliseconds(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, connectTimeout)
    arguments.set(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1)  // A connection is not shared by channels.
    arguments.set(GRPC_ARG_ENABLE_RETRIES, 0)  // A call is sent at most once.
    arguments.set(GRPC_ARG_ENABLE_HTTP_PROXY, 0)
    arguments.set(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1)
    if let name = tls?.serverName {
      arguments.set(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, name)
    }
    return arguments
  }
}
