import ControlAPI
import Engine
import Foundation
import PlatformHTTP
import Store
import Synchronization
import TompionTesting

@testable import Server

/// The REST interface over a real HTTP server, a store in memory and made-up workers.
final class RESTFixture: Sendable {
  let store: MemoryStore
  let controller: Controller
  let directory = MadeUpDirectory()
  let hub = EventHub()
  let watchdog: Watchdog
  let rest: RESTInterface
  private let server: HTTPServer
  private let http = HTTPClient()
  let url: String

  init(token: String? = nil, unreadiness: String? = nil) async throws {
    let clock = SharedTime()
    store = MemoryStore(matching: Announcing(hub: hub)) { clock.now }
    time = clock
    let clocks = Clocks(wall: { clock.now }, monotonic: { .zero })
    watchdog = Watchdog(store: store, clocks: clocks)
    controller = Controller(
      store: store,
      workers: directory,
      late: { [watchdog] in watchdog.late },
      now: clocks.wall
    )
    try await controller.prepare()
    var configuration = RESTInterface.Configuration {
      ("tompion_up 1\n", "text/plain; version=0.0.4; charset=utf-8")
    }
    configuration.token = token
    configuration.unreadiness = { unreadiness }
    rest = RESTInterface(controller: controller, events: hub, configuration)
    server = rest.server(host: "127.0.0.1", port: 0)
    let address = try server.start()
    url = "http://127.0.0.1:\(address.port)"
  }

  let time: SharedTime

  func stop() async {
    await server.shutdown(grace: .zero)
  }

  static let root = "/api/v1/namespaces/default"

  /// Sends `body`, which is JSON unless a header says otherwise.
  func send(
    _ method: HTTPMethod,
    _ path: String,
    _ body: String = "",
    _ headers: HTTPHeaders = [:]
  ) async throws -> Answer {
    var headers = headers
    if !body.isEmpty, headers["Content-Type"] == nil {
      headers["Content-Type"] = "application/json"
    }
    let request = HTTPClientRequest(
      method,
      url + path,
      headers: headers,
      body: Array(body.utf8)
    )
    return Answer(try await http.send(request))
  }

  func stream(_ path: String, _ headers: HTTPHeaders = [:]) async throws -> HTTPStreamedResponse {
    try await http.stream(HTTPClientRequest(.get, url + path, headers: headers))
  }
}

/// An answer, and readings of it.
struct Answer {
  let status: Int
  let headers: HTTPHeaders
  let body: [UInt8]

  init(_ response: HTTPClientResponse) {
    status = response.status
    headers = response.headers
    body = response.body
  }

  var text: String { String(decoding: body, as: UTF8.self) }

  func decoded<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: Data(body))
  }

  var problem: Problem? {
    headers["Content-Type"] == "application/problem+json" ? try? decoded() : nil
  }
}

/// A clock that moves when told.
final class SharedTime: Sendable {
  private let time = Mutex(Timestamp(seconds: 1_800_000_000))
  var now: Timestamp { time.withLock(\.self) }

  func advance(by step: Duration) {
    time.withLock { $0 = $0 + step }
  }
}

/// Binds nothing, and tells the hub what was committed.
struct Announcing: Matching {
  let hub: EventHub

  func bind(after changes: [SlotChange]) -> [SlotCommand] { [] }
  func committed(_ commit: Commit) { hub.committed(commit) }
  func undone(_ bindings: [SlotCommand]) {}
}

/// Workers and queues as a test puts them.
final class MadeUpDirectory: WorkerDirectory {
  struct Contents: Sendable {
    var workers: [WorkerStatus] = []
    var queues: [QueueStatus] = []
    var drained: [String] = []
  }

  private let contents = Mutex(Contents())

  func change(_ edit: @Sendable (inout Contents) -> Void) {
    contents.withLock { edit(&$0) }
  }

  var drained: [String] { contents.withLock(\.drained) }

  func workers(namespace: String) -> [WorkerStatus] {
    contents.withLock { $0.workers.filter { $0.namespace == namespace } }
  }

  func queues(namespace: String) -> [QueueStatus] {
    contents.withLock { $0.queues.filter { $0.queue.namespace == namespace } }
  }

  func drain(worker: String, namespace: String) -> Bool {
    contents.withLock { contents in
      guard let place = contents.workers.firstIndex(where: { $0.worker == worker }) else {
        return false
      }
      contents.drained.append(worker)
      contents.workers[place].state = .draining
      return true
    }
  }

  var refusedReports: [Refusal: Int] { [.staleEpoch: 2] }
}

extension WorkerStatus {
  /// A worker with room for four.
  static func madeUp(
    _ name: String,
    handlers: [String],
    labels: [String: String] = [:],
    runs: [RunID] = []
  ) -> WorkerStatus {
    WorkerStatus(
      worker: name,
      boot: BootID(UUIDv7(high: 1, low: 2)),
      namespace: "default",
      app: "demo",
      sdkVersion: "1.0",
      host: "here",
      processID: 42,
      peer: "ipv4:127.0.0.1:40312",
      handlers: handlers,
      labels: Labels(labels),
      matching: .exact,
      capacity: 4,
      state: .connected,
      connectedAt: Timestamp(seconds: 1_800_000_000),
      lastHeartbeatAt: Timestamp(seconds: 1_800_000_000),
      lease: .seconds(10),
      runs: runs,
      outbound: (count: 0, peak: 3, bound: 256)
    )
  }
}

/// Runs a test with a fixture that is stopped in the end.
func withREST(
  token: String? = nil,
  unreadiness: String? = nil,
  _ test: (RESTFixture) async throws -> Void
) async throws {
  let fixture = try await RESTFixture(token: token, unreadiness: unreadiness)
  do {
    try await test(fixture)
  } catch {
    await fixture.stop()
    throw error
  }
  await fixture.stop()
}
