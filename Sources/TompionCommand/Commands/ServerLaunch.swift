import Engine
import PlatformGRPC
import PlatformHTTP
import PlatformLogging
import PlatformRuntime
import SQLiteStore
import Server
import Store

/// Opens the store, wires the parts of the server, and runs them until the process is asked to stop.
enum ServerLaunch {
  static func run(
    _ configuration: ServerConfiguration,
    until shutdown: Shutdown? = nil
  ) async throws -> CommandStatus {
    bootstrapLogging(configuration)
    let logger = Logger(label: "tompion")
    let server = try await server(configuration)
    let shutdown = if let shutdown { shutdown } else { await termination() }
    let addresses = try await server.start()
    logger.info(
      "ready",
      metadata: [
        "http": "http://\(addresses.http.host):\(addresses.http.port)",
        "grpc": "\(addresses.grpc)",
        "data": "\(configuration.dataDirectory)",
      ]
    )
    try await server.run(until: shutdown)
    logger.info("stopped")
    return .done
  }

  /// Listened for from now on: whoever sees the server ready may stop it.
  private static func termination() async -> Shutdown {
    let signal = await TerminationSignal()
    return { await signal.received() }
  }

  private static func bootstrapLogging(_ configuration: ServerConfiguration) {
    let level = (try? Logger.Level(configuration: configuration.logLevel)) ?? .info
    let format = LogFormat(rawValue: configuration.logFormat.rawValue) ?? .text
    LoggingSystem.bootstrap(level: level, sink: DescriptorSink(format: format))
  }

  private static func server(
    _ configuration: ServerConfiguration
  ) async throws -> TompionServer {
    var settings = TompionServer.Settings()
    settings.grpc = GRPCServerConfiguration(
      host: configuration.grpc.host,
      port: Int(configuration.grpc.port)
    )
    settings.http = (configuration.http.host, configuration.http.port)
    settings.version = RootCommand.version
    settings.lease = configuration.lease
    settings.token = configuration.token
    let clock = Clocks.system.wall
    return try await TompionServer(settings: settings) { matching in
      var store = SQLiteStoreConfiguration(clock: clock)
      store.durability = configuration.synchronous == .full ? .full : .normal
      return try SQLiteStore.open(
        directory: configuration.dataDirectory,
        configuration: store,
        matching: matching
      )
    }
  }
}
