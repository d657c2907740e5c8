/// Where a server listens and what it puts up with.
package struct GRPCServerConfiguration: Sendable, Hashable {
  package var host: String
  /// 0: any free port.
  package var port: Int
  /// The longest message a client may send. A longer one ends its call with `resourceExhausted`.
  package var maxReceiveMessageBytes = 4 << 20
  /// The most calls and streams that one connection may have open. More wait at the client.
  package var maxConcurrentStreams = 1_000
  /// The most bytes that the headers of one call may have, names included.
  package var maxMetadataBytes = 16 << 10
  /// How long a new connection may take to introduce itself.
  package var handshakeTimeout: Duration = .seconds(10)
  /// How clients that fell silent are found.
  package var keepalive = GRPCKeepalive()
  /// `nil`: connections are plain.
  package var tls: GRPCServerTLS?

  package init(host: String = "127.0.0.1", port: Int = 0) {
    self.host = host
    self.port = port
  }
}

/// Where a server can be reached.
package struct GRPCAddress: Sendable, Hashable, CustomStringConvertible {
  package let host: String
  package let port: Int

  /// `host:port`, with brackets around an IPv6 host.
  package var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

/// Why a server did not start.
package struct GRPCServerError: Error, Sendable, CustomStringConvertible {
  package enum Code: Sendable, Hashable {
    /// The address is taken, or not this machine's.
    case cannotListen
    /// The certificate or the key could not be used.
    case badCredentials
    /// The configuration or the methods make no sense.
    case invalidConfiguration
  }

  package let code: Code
  package let message: String

  package var description: String { message }
}
