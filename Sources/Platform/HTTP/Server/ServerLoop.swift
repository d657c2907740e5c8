import CEvent
import Foundation
import Synchronization

/// The event loop of one server: its thread, its mailbox and everything that only the thread touches.
///
/// Other threads reach it by `post` alone, which is why it may be shared.
@safe final class ServerLoop: @unchecked Sendable {
  /// What other threads ask of the loop.
  enum Command: Sendable {
    case answer(Exchange, HTTPResponse)
    case chunk(Exchange, [UInt8])
    case end(Exchange)
    case drain(grace: Duration)
  }

  private enum Phase {
    case new
    case running
    case stopped
  }

  private struct Mailbox {
    var phase = Phase.new
    var commands: [Command] = []
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  /// What the loop holds of libevent while it runs.
  private struct Resources {
    let base: EventBase
    let mail: LoopEvent
    let arrivals: LoopEvent
    let words: LoopEvent
    let sweep: LoopEvent
  }

  let configuration: HTTPServer.Configuration
  private let answer: @Sendable (HTTPRequest) -> HTTPAnswer
  private let mailbox = Mutex(Mailbox())
  private var resources: Resources?  // Set and cleared with the mailbox locked.

  // The loop's thread only, from here on.
  private var socket: ServerSocket?
  private var connections: [ServerConnection.Key: ServerConnection] = [:]
  private var arrived: [ServerConnection] = []
  private var spoken: Set<ServerConnection.Key> = []
  private var inProgress = 0
  private var isDraining = false

  /// Counts sweeps; what connections measure their deadline with.
  private(set) var tick = 0

  init(
    _ configuration: HTTPServer.Configuration,
    answer: @escaping @Sendable (HTTPRequest) -> HTTPAnswer
  ) {
    self.configuration = configuration
    self.answer = answer
  }

  /// The loop that a C callback was given as its argument.
  static func at(_ argument: UnsafeMutableRawPointer?) -> ServerLoop? {
    guard let argument = unsafe argument else { return nil }
    return unsafe Unmanaged<ServerLoop>.fromOpaque(argument).takeUnretainedValue()
  }

  func start() throws(HTTPServerError) -> HTTPServer.Address {
    let address = try mailbox.withLock { mailbox throws(HTTPServerError) in
      guard mailbox.phase == .new else {
        throw HTTPServerError(code: .alreadyStarted, message: "the server was started before")
      }
      let address = try prepare()
      mailbox.phase = .running
      return address
    }
    let thread = Thread { self.run() }
    thread.name = "http-server"
    thread.start()
    return address
  }

  private func prepare() throws(HTTPServerError) -> HTTPServer.Address {
    guard let base = EventBase(),
      let mail = unsafe LoopEvent(on: base, self, { unsafe ServerLoop.at($2)?.readMail() }),
      let arrivals = unsafe LoopEvent(on: base, self, { unsafe ServerLoop.at($2)?.adopt() }),
      let words = unsafe LoopEvent(on: base, self, { unsafe ServerLoop.at($2)?.rephrase() }),
      let sweep = unsafe LoopEvent(on: base, self, { unsafe ServerLoop.at($2)?.sweepLate() })
    else {
      throw HTTPServerError(code: .outOfResources, message: "the system gave no event loop")
    }
    let socket = try ServerSocket(on: base, for: self)
    sweep.repeat(every: configuration.sweepInterval)
    resources = Resources(
      base: base,
      mail: mail,
      arrivals: arrivals,
      words: words,
      sweep: sweep
    )
    self.socket = socket
    return socket.address
  }

  private func run() {
    resources?.base.dispatch()
    socket = nil  // Closes every connection, which cancels what they wait for.
    let waiters = mailbox.withLock { mailbox in
      mailbox.phase = .stopped
      mailbox.commands = []
      resources = nil
      return mailbox.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func shutdown(grace: Duration) async {
    await withCheckedContinuation { continuation in
      let isRunning = mailbox.withLock { mailbox in
        guard mailbox.phase == .running else { return false }
        mailbox.waiters.append(continuation)
        return true
      }
      if isRunning { post(.drain(grace: grace)) } else { continuation.resume() }
    }
  }

  /// Hands `command` to the loop; a stopped loop ignores it. From any thread.
  func post(_ command: Command) {
    mailbox.withLock { mailbox in
      guard mailbox.phase == .running else { return }
      mailbox.commands.append(command)
      if mailbox.commands.count == 1 { resources?.mail.wake() }
    }
  }

  private func readMail() {
    let commands = mailbox.withLock { mailbox in
      let commands = mailbox.commands
      mailbox.commands = []
      return commands
    }
    for command in commands {
      switch command {
      case .answer(let exchange, let response): exchange.send(response, closing: isDraining)
      case .chunk(let exchange, let bytes): exchange.send(chunk: bytes)
      case .end(let exchange): exchange.end()
      case .drain(let grace): drain(grace: grace)
      }
    }
  }
}

// Connections come and go.
extension ServerLoop {
  /// Takes a connection whose evhttp half exists only when the turn of the loop in hand is over.
  func accept(_ connection: ServerConnection) {
    arrived.append(connection)
    resources?.arrivals.wake()
  }

  private func adopt() {
    let connections = arrived
    arrived = []
    for connection in connections {
      guard let key = connection.adopt() else { continue }
      self.connections[key] = connection
      let isSurplus = self.connections.count > configuration.maxConnections
      if isDraining || isSurplus { connection.close() }
    }
    updateListener()
  }

  /// Takes note that evhttp wrote something of its own; it leaves only after this turn of the loop.
  func spoke(_ key: ServerConnection.Key) {
    spoken.insert(key)
    resources?.words.wake()
  }

  private func rephrase() {
    let keys = spoken
    spoken = []
    for key in keys { connections[key]?.rephrase() }
  }

  func forget(_ key: ServerConnection.Key) {
    connections[key] = nil
    updateListener()
  }

  private func updateListener(force: Bool = false) {
    guard !isDraining else { return }
    socket?.setListening(connections.count < configuration.maxConnections, force: force)
  }

  /// Closes the connections whose request has taken too long.
  private func sweepLate() {
    tick += 1
    for connection in Array(connections.values) where connection.isLate { connection.close() }
    updateListener(force: true)
  }

  private func drain(grace: Duration) {
    if !isDraining {
      isDraining = true
      socket?.stopListening()
      for connection in Array(connections.values) where connection.isIdle { connection.close() }
    }
    if inProgress == 0 { resources?.base.stop() } else { resources?.base.stop(after: grace) }
  }
}

// Requests come and go.
extension ServerLoop {
  func received(_ request: UnsafeMutablePointer<evhttp_request>) {
    guard let handle = unsafe evhttp_request_get_connection(request),
      let connection = unsafe connections[ServerConnection.Key(handle)]
    else { return unsafe evhttp_send_error(request, 500, nil) }
    inProgress += 1
    let exchange = unsafe connection.begin(request)
    let reader = unsafe RequestReader(request, from: connection.remoteAddress)
    switch reader.read(maxBodyBytes: configuration.maxBodyBytes) {
    case .rejected(let status):
      exchange.send(configuration.errorResponse(status), closing: true)
    case .complete(let received):
      switch answer(received) {
      case .immediate(let response): exchange.send(response, closing: isDraining)
      case .async(let work): exchange.start(work)
      }
    }
  }

  func exchangeEnded() {
    inProgress -= 1
    if isDraining, inProgress == 0 { resources?.base.stop() }
  }
}

extension HTTPServer.Configuration {
  /// How often late requests are looked for.
  var sweepInterval: Duration { min(.seconds(1), max(.milliseconds(10), requestDeadline / 8)) }

  /// How many sweeps a request may see. The first may follow its first byte at once, so it does not count.
  var sweepsPerRequest: Int { Int((requestDeadline / sweepInterval).rounded(.up)) + 1 }
}
