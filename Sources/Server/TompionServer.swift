import Engine
import PlatformCrypto
package import PlatformGRPC
package import PlatformHTTP
import PlatformLogging
import PlatformMetrics
package import PlatformRuntime
package import Store
import Synchronization

/// The scheduler: Trigger, Matching and Controller over one store, in one process.
package final class TompionServer: Service {
  /// How the server runs, apart from its store. The defaults suit one machine.
  package struct Settings: Sendable {
    package var http: (host: String, port: UInt16) = ("127.0.0.1", 7700)
    package var grpc = GRPCServerConfiguration(host: "127.0.0.1", port: 7701)
    /// The version to tell those who ask.
    package var version = "0.1.0"
    /// How long a worker may be silent before its runs go to others. 2 s to 5 min.
    package var lease: Duration = .seconds(10)
    /// What clients and workers must send; `nil` lets everybody in.
    package var token: String?
    package var retention = Retention.Policy()

    package init() {}
  }

  /// The longest that results are still taken after the server was asked to stop.
  private static let drainTime: Duration = .seconds(10)

  package let store: any Store
  package let dispatcher: Dispatcher
  package let controller: Controller
  private let events: EventHub
  private let watchdog: Watchdog
  package let clocks: Clocks
  package let metrics: ServerMetrics
  private let settings: Settings
  private let feed: CommitFeed
  private let rpc: ServerMethods
  private let grpc: GRPCServer
  private let http: HTTPServer
  private let notReady = Readiness()
  private let logger = Logger(label: "tompion.server")

  /// Opens the store and prepares the rest; `open` is handed the matching that the store must call.
  package init(
    settings: Settings,
    clocks: Clocks = .system,
    open: (any Matching) async throws -> any Store
  ) async throws {
    self.settings = settings
    self.clocks = clocks
    dispatcher = Dispatcher(lease: settings.lease, clocks: clocks)
    events = EventHub()
    metrics = ServerMetrics()
    metrics.watch(dispatcher)
    feed = CommitFeed(
      dispatcher: dispatcher,
      events: events,
      metrics: metrics,
      clocks: clocks
    )
    store = try await open(feed)
    dispatcher.attach(store)
    feed.attach(store)
    watchdog = Watchdog(store: store, clocks: clocks)
    controller = Controller(
      store: store,
      workers: dispatcher,
      late: { [watchdog] in watchdog.late },
      now: clocks.wall
    )
    rpc = ServerMethods(controller: controller, token: settings.token)
    let token = settings.token
    let workers = WorkerService.methods(dispatcher: dispatcher) { Token.admits($0, token) }
    grpc = try GRPCServer(configuration: settings.grpc, methods: workers + rpc.all)
    let notReady = notReady
    var rest = RESTInterface.Configuration { [metrics] in
      (metrics.registry.render(), MetricsText.contentType)
    }
    rest.version = settings.version
    rest.token = settings.token
    rest.unreadiness = { notReady.reason }
    http = RESTInterface(controller: controller, events: events, rest)
      .server(host: settings.http.host, port: settings.http.port)
  }

  /// Takes up what the store knows, begins to listen, and returns where.
  package func start() async throws -> (http: HTTPServer.Address, grpc: GRPCAddress) {
    try await controller.prepare()
    dispatcher.restore(try await store.slotsInHand())
    for queue in try await store.liveQueues() { try await dispatcher.fill(queue) }
    let addresses = (http: try http.start(), grpc: try grpc.start())
    notReady.reason = nil
    return addresses
  }

  package func run(until shutdown: @escaping Shutdown) async throws {
    let services: [any Service] = [
      feed.triggers, feed.delayed, MatchingService(dispatcher), watchdog,
      Retention(store: store, clocks: clocks, policy: settings.retention),
      ClockService(clocks: clocks, feed: feed, dispatcher: dispatcher),
    ]
    let stopping = Latch()
    try await withThrowingDiscardingTaskGroup { group in
      for service in services {
        group.addTask { try await service.run { await stopping.opened() } }
      }
      group.addTask {
        await shutdown()
        self.notReady.reason = "the server is stopping"
        self.rpc.health.shutdown()
        self.events.close()
        stopping.open()
      }
    }
    await drain()
    await store.close()
  }

  /// Tells the workers to come back later, takes the results that are on their way, and hangs up.
  private func drain() async {
    grpc.drain()
    dispatcher.drain()
    let deadline = clocks.monotonic() + TompionServer.drainTime
    while dispatcher.hasStreams, clocks.monotonic() < deadline {
      try? await Task.sleep(for: .milliseconds(20))
      dispatcher.closeIdle()
    }
    await grpc.shutdown(grace: .seconds(1))
    await dispatcher.keepLog()  // What came with the last results.
    await http.shutdown(grace: .milliseconds(500))
    logger.info("drained")
  }
}

/// Why the server takes no work now; `nil` when it does.
private final class Readiness: Sendable {
  private let held = Mutex<String?>("the server is starting")

  var reason: String? {
    get { held.withLock(\.self) }
    set { held.withLock { $0 = newValue } }
  }
}

/// Compares what a caller sends with what is expected.
package enum Token {
  /// Whether an `authorization` header lets its sender in.
  package static func admits(_ header: String?, _ token: String?) -> Bool {
    guard let token else { return true }
    return Array((header ?? "").utf8).equalsInConstantTime(Array("Bearer \(token)".utf8))
  }
}
