import PlatformGRPC
import PlatformHTTP
import PlatformRuntime
import TompionTesting

@testable import Server

/// A whole server on free ports, over a store in memory.
final class LoopbackServer: Sendable {
  let httpPort: UInt16
  let grpcPort: UInt16
  private let ending = Latch()
  private let ended = Latch()

  var url: String { "http://127.0.0.1:\(httpPort)" }
  var grpc: String { "127.0.0.1:\(grpcPort)" }

  init() async throws {
    var settings = TompionServer.Settings()
    settings.http = ("127.0.0.1", 0)
    settings.grpc = GRPCServerConfiguration(host: "127.0.0.1", port: 0)
    let server = try await TompionServer(settings: settings) { matching in
      MemoryStore(matching: matching, clock: Clocks.system.wall)
    }
    let addresses = try await server.start()
    httpPort = addresses.http.port
    grpcPort = UInt16(addresses.grpc.port)
    let (ending, ended) = (ending, ended)
    // `stop` waits for it.
    Task {
      try? await server.run { await ending.opened() }
      ended.open()
    }
  }

  func stop() async {
    ending.open()
    await ended.opened()
  }
}
