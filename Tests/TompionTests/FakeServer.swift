import Engine
import PlatformGRPC
import Synchronization
import Testing
import Tompion
import Wire

/// A server that says what a test tells it to, over a real connection.
///
/// It answers each hello with a welcome that keeps every run, and each heartbeat; both can be left off.
final class FakeServer: Sendable {
  struct Settings: Sendable {
    var lease: Duration = .seconds(10)
    var answersHeartbeats = true
    var acknowledgesResults = true
    /// Made as soon as a worker says hello.
    var offers: [Offer] = []
    /// Called on the server's thread.
    var heardHeartbeat: @Sendable (UInt64) -> Void = { _ in }
  }

  enum Event: Sendable {
    case said(FromWorker)
    case closed(GRPCStatus)
  }

  let settings: Settings
  let events: AsyncStream<Event>
  private let said: AsyncStream<Event>.Continuation
  private let streams = Mutex<[FakeStream]>([])
  private let server = Mutex<GRPCServer?>(nil)
  private let bound = Mutex("")

  init(_ settings: Settings = Settings()) throws {
    self.settings = settings
    (events, said) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(10_000))
    let method = GRPCMethod.bidirectional("/tompion.worker.v1.WorkerService/Connect") {
      [weak self] stream throws(GRPCStatus) in
      guard let self else { throw GRPCStatus(.unavailable) }
      let end = FakeStream(stream, server: self)
      self.streams.withLock { $0.append(end) }
      return end
    }
    let server = try GRPCServer(configuration: GRPCServerConfiguration(), methods: [method])
    let address = try server.start()
    bound.withLock { $0 = "127.0.0.1:\(address.port)" }
    self.server.withLock { $0 = server }
  }

  var address: String { bound.withLock { $0 } }

  fileprivate func heard(_ event: Event) {
    said.yield(event)
  }

  /// Sends on the newest stream.
  func send(_ build: (inout FromServer) -> Void) {
    var message = FromServer()
    build(&message)
    streams.withLock { $0.last }?.send(message)
  }

  func breakStream() {
    streams.withLock { $0.last }?.stream.abort(GRPCStatus(.unavailable, "pulled the plug"))
  }

  func shutDown() async {
    await server.withLock { $0 }?.shutdown(grace: .zero)
    said.finish()
  }

  /// The first message that `pick` finds something in.
  func first<Value>(_ pick: (FromWorker) -> Value?) async throws -> Value {
    for await event in events {
      if case .said(let message) = event, let value = pick(message) { return value }
    }
    throw Silence()
  }

  /// The events of `run` up to its final one.
  func outcome(of run: RunID) async throws -> [Report.Event] {
    var events: [Report.Event] = []
    while events.last?.isFinal != true {
      events += try await first { message in
        let found = message.reports.filter { $0.run == run }.map(\.event)
        return found.isEmpty ? nil : found
      }
    }
    return events
  }

  struct Silence: Error {}
}

private final class FakeStream: GRPCStreamHandler {
  let stream: GRPCServerStream
  private let server: FakeServer
  private let outbox = Mutex<[FromServer]>([])

  init(_ stream: GRPCServerStream, server: FakeServer) {
    self.stream = stream
    self.server = server
  }

  func send(_ message: FromServer) {
    outbox.withLock { $0.append(message) }
    stream.wantsToSend()
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    guard let message = try? unsafe FromWorker(decoding: bytes) else {
      Issue.record("the worker sent nonsense")
      return
    }
    var answer = FromServer()
    if let hello = message.hello {
      answer.welcome = Welcome(sessionID: "s", lease: server.settings.lease)
      answer.welcome?.keep = hello.inFlight
      answer.offers = server.settings.offers
    }
    if let number = message.heartbeat {
      server.settings.heardHeartbeat(number)
      if server.settings.answersHeartbeats { answer.heartbeatAck = number }
    }
    if server.settings.acknowledgesResults {
      let results = message.reports + (message.hello?.unsentResults ?? [])
      answer.resultAcks = results.filter(\.event.isFinal).map(\.run)
    }
    if answer != FromServer() { send(answer) }
    server.heard(.said(message))
  }

  func nextMessage() -> [UInt8]? {
    outbox.withLock { $0.isEmpty ? nil : $0.removeFirst() }?.encoded()
  }

  func receivedEnd() {
    stream.finish()
  }

  func closed(_ status: GRPCStatus) {
    server.heard(.closed(status))
  }
}
