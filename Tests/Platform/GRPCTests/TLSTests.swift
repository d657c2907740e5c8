import PlatformGRPC
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
  /// What gRPC has to say about handshakes that fail is no news here.
  init() {
    GRPCLog.redirect { _ in }
  }

  var secured: GRPCServerConfiguration {
    var configuration = GRPCServerConfiguration()
    configuration.tls = GRPCServerTLS(certificateChain: certificate, privateKey: key)
    return configuration
  }

  func trusting(_ roots: String?, serverName: String? = nil) -> GRPCChannelConfiguration {
    var configuration = GRPCChannelConfiguration()
    configuration.tls = GRPCClientTLS(roots: roots, serverName: serverName)
    return configuration
  }

  @Test(arguments: [nil, "localhost"])
  func `a client that trusts the certificate is served`(serverName: String?) async throws {
    let client = trusting(certificate, serverName: serverName)
    try await withServer([.echo], server: secured, client: client) { channel, _ in
      let answer = try await channel.unary("/test.Test/Echo", request: [1], timeout: .seconds(10))
      #expect(answer == [1])
    }
  }

  @Test func `a certificate for another name is not accepted`() async throws {
    let client = trusting(certificate, serverName: "elsewhere.test")
    try await withServer([.echo], server: secured, client: client) { channel, _ in
      let error = await #expect(throws: GRPCStatus.self) {
        try await channel.unary("/test.Test/Echo", request: [1], timeout: .seconds(10))
      }
      #expect(error?.code == .unavailable)
    }
  }

  @Test func `a plain client is not served`() async throws {
    try await withServer([.echo], server: secured) { channel, _ in
      await #expect(throws: GRPCStatus.self) {
        try await channel.unary("/test.Test/Echo", request: [1], timeout: .seconds(10))
      }
    }
  }

  @Test(arguments: [false, true])
  func `a server that wants certificates refuses clients without one`(
    isShown: Bool
  ) async throws {
    var server = secured
    server.tls?.clientRoots = certificate
    var client = trusting(certificate)
    if isShown {
      client.tls?.certificateChain = certificate
      client.tls?.privateKey = key
    }
    try await withServer([.echo], server: server, client: client) { channel, _ in
      let answer = try? await channel.unary("/test.Test/Echo", request: [1], timeout: .seconds(10))
      #expect(answer == (isShown ? [1] : nil))
    }
  }

  @Test func `a key that is none stops the start`() async throws {
    var configuration = GRPCServerConfiguration()
    configuration.tls = GRPCServerTLS(certificateChain: certificate, privateKey: "none")
    let server = try GRPCServer(configuration: configuration, methods: [])
    let error = #expect(throws: GRPCServerError.self) { try server.start() }
    #expect(error?.code == .badCredentials)
    await server.shutdown(grace: .zero)
  }

  // Made for these tests: `openssl req -x509 -newkey ec -nodes -subj /CN=localhost`, for localhost and
  // 127.0.0.1, good for a hundred years.
  let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBmzCCAUGgAwIBAgIUKn/JCirZSN6N+npdEzxNAE/jA7AwCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTEyMzkwOVoYDzIxMjYxMDI4
    MTIzOTA5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAAStOp7fQCA8gRpUmy5CV+vUFZPI/h7HuE7qoKZ6dfVMCllbve4yLVrw
    R2olPQKYus7S8kVDq1HEbK/BHhe21XMno28wbTAdBgNVHQ4EFgQUShXFxfzgGrPv
    RmLD2klIF+Z/U/8wHwYDVR0jBBgwFoAUShXFxfzgGrPvRmLD2klIF+Z/U/8wDwYD
    VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
    zj0EAwIDSAAwRQIhAMnYIuVCwaIIJcy8fKag/iO+XuAuNLAH9CRTLXI6sd4/AiAw
    Ggi8BGhKCwSbgHTEiFi/b1p3z1NEWZtBh/oPIg33OQ==
    -----END CERTIFICATE-----
    """
  let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8geqXdxdAWG5Qd2q
    DnPeZf/EcspZXyfvBL/rZNakO5OhRANCAAStOp7fQCA8gRpUmy5CV+vUFZPI/h7H
    uE7qoKZ6dfVMCllbve4yLVrwR2olPQKYus7S8kVDq1HEbK/BHhe21XMn
    -----END PRIVATE KEY-----
    """
}
