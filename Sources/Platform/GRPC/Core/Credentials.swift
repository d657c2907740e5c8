import CGRPC

/// What a server shows to prove who it is, and whom it lets in. All texts are PEM.
package struct GRPCServerTLS: Sendable, Hashable {
  /// The certificate, and those between it and the root.
  package var certificateChain: String
  package var privateKey: String
  /// Clients must show a certificate that these have signed. `nil`: they need none.
  package var clientRoots: String?

  package init(certificateChain: String, privateKey: String, clientRoots: String? = nil) {
    self.certificateChain = certificateChain
    self.privateKey = privateKey
    self.clientRoots = clientRoots
  }
}

/// How a client knows its server, and shows who it is itself. All texts are PEM.
package struct GRPCClientTLS: Sendable, Hashable {
  /// Who may have signed the server's certificate. `nil`: whom this machine trusts.
  package var roots: String?
  /// The name that the certificate must carry. `nil`: the host of the target.
  package var serverName: String?
  /// The client's own certificate and key, where the server asks for one.
  package var certificateChain: String?
  package var privateKey: String?

  package init(
    roots: String? = nil,
    serverName: String? = nil,
    certificateChain: String? = nil,
    privateKey: String? = nil
  ) {
    self.roots = roots
    self.serverName = serverName
    self.certificateChain = certificateChain
    self.privateKey = privateKey
  }
}

/// Credentials of a server, until its port has taken them over.
@safe struct ServerCredentials: ~Copyable {
  let raw: OpaquePointer

  /// Without `tls`, the connections are plain. `nil` when gRPC cannot use the certificate.
  init?(_ tls: GRPCServerTLS?) {
    guard let raw = unsafe Self.create(tls) else { return nil }
    unsafe self.raw = raw
  }

  deinit { unsafe grpc_server_credentials_release(raw) }

  private static func create(_ tls: GRPCServerTLS?) -> OpaquePointer? {
    guard let tls else { return unsafe grpc_insecure_server_credentials_create() }
    return unsafe tls.privateKey.withCString { key in
      unsafe tls.certificateChain.withCString { chain in
        var pair = unsafe grpc_ssl_pem_key_cert_pair(private_key: key, cert_chain: chain)
        let demand =
          tls.clientRoots == nil
          ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
          : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
        return unsafe grpc_ssl_server_credentials_create_ex(
          tls.clientRoots,
          &pair,
          1,
          demand,
          nil
        )
      }
    }
  }
}

/// Credentials of a channel, until it has taken them over.
@safe struct ChannelCredentials: ~Copyable {
  let raw: OpaquePointer

  /// Without `tls`, the connection is plain. `nil` when gRPC cannot use the certificates.
  init?(_ tls: GRPCClientTLS?) {
    guard let raw = unsafe Self.create(tls) else { return nil }
    unsafe self.raw = raw
  }

  deinit { unsafe grpc_channel_credentials_release(raw) }

  private static func create(_ tls: GRPCClientTLS?) -> OpaquePointer? {
    guard let tls else { return unsafe grpc_insecure_credentials_create() }
    guard let privateKey = tls.privateKey, let chain = tls.certificateChain else {
      return unsafe grpc_ssl_credentials_create_ex(tls.roots, nil, nil, nil)
    }
    return unsafe privateKey.withCString { key in
      unsafe chain.withCString { chain in
        var pair = unsafe grpc_ssl_pem_key_cert_pair(private_key: key, cert_chain: chain)
        return unsafe grpc_ssl_credentials_create_ex(tls.roots, &pair, nil, nil)
      }
    }
  }
}
