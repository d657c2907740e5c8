internal import Engine
internal import Foundation
internal import PlatformGRPC
internal import PlatformLogging
internal import Synchronization
internal import Wire

/// The handlers of one process, and its connection to the servers that hand them work.
///
///     let group = try WorkerGroup(configuration: .load("config.yaml"))
///     try group.add("hello-world1", HelloHandler())
///     try await group.run()
///
/// The process opens no port: it connects out, and reconnects for as long as it lives. While there is
/// no connection, handlers run on and their results are kept; when the lease is about to end without
/// word from a server, they are cancelled.
public final class WorkerGroup: Sendable {
  private enum Phase {
    case collecting
    case running(WorkerConnection)
    case idle
    case stopped
  }

  private struct State {
    var handlers: [String: any JobHandler] = [:]
    var phase = Phase.collecting
  }

  /// How long handlers may finish after `stop()`, before they are cancelled.
  public static let defaultGrace: Duration = .seconds(30)

  private let configuration: WorkerConfiguration
  private let tls: GRPCClientTLS?
  private let listener: ConnectionListener
  private let logger = Logger(label: "tompion.worker")
  private let state = Mutex(State())

  /// A group without handlers; nothing is connected yet.
  ///
  /// - Throws: `ConfigurationError` for a value that cannot be used.
  public init(configuration: WorkerConfiguration) throws(ConfigurationError) {
    try configuration.validate()
    tls = try configuration.tls?.load()
    self.configuration = configuration
    listener = ConnectionListener(servers: configuration.servers, logger: logger)
  }

  /// Adds a handler under a name of 1 to 128 bytes, to which triggers refer.
  ///
  /// - Throws: `WorkerError` when the name is taken or cannot be used, or the group was started.
  public func add(_ name: String, _ handler: some JobHandler) throws(WorkerError) {
    guard (1...WireLimits.name).contains(name.utf8.count) else { throw WorkerError.badName(name) }
    let problem = state.withLock { state -> WorkerError? in
      guard case .collecting = state.phase else { return .alreadyStarted }
      guard state.handlers[name] == nil else { return .duplicateHandler(name) }
      guard state.handlers.count < WireLimits.handlerCount else { return .tooManyHandlers }
      state.handlers[name] = handler
      return nil
    }
    if let problem { throw problem }
  }

  /// Adds a handler made of a closure.
  public func add(
    _ name: String,
    _ body: @escaping @Sendable (JobContext) async throws -> Void
  ) throws(WorkerError) {
    try add(name, ClosureHandler(body: body))
  }

  /// What becomes of the connection from now on, until the group is stopped. Each call gives a
  /// sequence of its own; one that is read too slowly keeps the newest 64 events.
  public var events: AsyncStream<ConnectionEvent> { listener.events() }

  /// Connects and takes work, until `SIGTERM` or `SIGINT`, `stop()`, or the task is cancelled.
  ///
  /// Then no more work is taken, handlers get 30 s to finish and are cancelled after that, and the
  /// last results are delivered. A second signal ends the process at once; cancelling the task leaves
  /// out the 30 s. A group that is disabled, as a whole or in every handler, waits all the same, so
  /// that disabling jobs does not end the process.
  public func run() async throws(WorkerError) {
    try start()
    let signals = SignalWatch { self.stop() }
    defer { signals.end() }
    await wait()
  }

  /// Connects and takes work in the background. To be called once.
  ///
  /// - Throws: `WorkerError` when there are no handlers or the group was started before.
  public func start() throws(WorkerError) {
    let handlers = state.withLock { $0.handlers }
    let enabled = handlers.filter { configuration.handlers[$0.key]?.isDisabled != true }
    let connection = WorkerConnection(
      settings: settings(for: enabled.keys.sorted()),
      handlers: enabled,
      transport: WorkerTransport(
        servers: configuration.servers,
        token: configuration.token,
        configuration: channelConfiguration
      ),
      listener: listener
    )
    let isIdle = configuration.isDisabled || enabled.isEmpty
    let problem = state.withLock { state -> WorkerError? in
      guard case .collecting = state.phase else { return .alreadyStarted }
      guard !handlers.isEmpty else { return .noHandlers }
      state.phase = isIdle ? .idle : .running(connection)
      return nil
    }
    if let problem { throw problem }
    say(handlers, enabled, isIdle)
    if !isIdle { connection.start() }
  }

  /// Suspends until the group has stopped. Cancelling the task stops the group without its grace.
  public func wait() async {
    await withTaskCancellationHandler {
      await listener.untilFinished()
    } onCancel: {
      stop(grace: .zero)
    }
  }

  /// Takes no more work, and returns at once; `wait()` returns when all is done.
  ///
  /// Handlers get `grace` to finish and are cancelled after that; their last reports get 5 s more.
  /// Calling it again can only shorten the grace.
  public func stop(grace: Duration = defaultGrace) {
    let connection = state.withLock { state -> WorkerConnection? in
      if case .running(let connection) = state.phase { return connection }
      state.phase = .stopped
      return nil
    }
    if let connection {
      logger.info("stopping", metadata: ["grace": "\(grace)"])
      connection.shutDown(grace: grace)
    } else {
      listener.finished()
    }
  }

  private func say(
    _ handlers: [String: any JobHandler],
    _ enabled: [String: any JobHandler],
    _ isIdle: Bool
  ) {
    for name in configuration.handlers.keys.sorted() where handlers[name] == nil {
      logger.warning("configured handler was not added", metadata: ["handler": "\(name)"])
    }
    for name in handlers.keys.sorted() where enabled[name] == nil {
      logger.notice("handler is disabled", metadata: ["handler": "\(name)"])
    }
    if isIdle { logger.notice("jobs are disabled: nothing will run") }
  }

  private func settings(for handlers: [String]) -> SessionSettings {
    let host = ProcessInfo.processInfo.hostName
    let process = ProcessInfo.processInfo.processIdentifier
    var random = SystemRandomNumberGenerator()
    let bits = (random.next(), random.next()) as (UInt64, UInt64)
    let name = configuration.workerID ?? "\(host)-\(process)"
    var settings = SessionSettings(
      workerID: name.clipped(to: WireLimits.name),
      bootID: BootID(UUIDv7(at: SystemTime.wall(), random: bits)),
      handlers: handlers,
      capacity: configuration.capacity
    )
    settings.namespace = configuration.namespace
    settings.app = configuration.app
    settings.host = host.clipped(to: 255)
    settings.processID = UInt32(process)
    settings.labels = Labels(configuration.labels)
    settings.labelMatching = configuration.labelMatching == .subset ? .subset : .exact
    settings.serverCount = configuration.servers.count
    return settings
  }

  private var channelConfiguration: GRPCChannelConfiguration {
    var channel = GRPCChannelConfiguration()
    channel.maxReceiveMessageBytes = WireLimits.message
    channel.tls = tls
    return channel
  }
}
