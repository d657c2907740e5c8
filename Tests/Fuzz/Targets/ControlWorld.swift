import Engine
import PlatformHTTP
import Store
import TompionTesting

@testable import Server

/// The control API over a store in memory that has one trigger and one task.
struct ControlWorld: Sendable {
  let controller: Controller
  let task: TaskID

  init() async throws {
    let now = Timestamp(seconds: 1_800_000_000)
    let store = MemoryStore { now }
    controller = Controller(store: store, workers: NoWorkers()) { now }
    try await controller.prepare()
    task = try await Self.fill(store)
  }

  private static func fill(_ store: MemoryStore) async throws -> TaskID {
    var draft = TriggerDraft(
      namespace: "default",
      name: "t",
      definition: TriggerDefinition(handler: "h", schedule: "@every 1m"),
      isOnline: true
    )
    draft.definition.param = "p"
    _ = try await store.create(draft, idempotency: nil)
    let template = TaskTemplate(namespace: "default", handler: "h")
    let answers = try await withCheckedContinuation { answered in
      store.submit([Submission(template: template)]) { answered.resume(returning: $0) }
    }.get()
    guard case .created(let task)? = answers.first else { throw Broken("no task was made") }
    return task
  }

  /// The request that an input says; `nil` when it is none that a server would hand on.
  func request(_ input: [UInt8]) -> HTTPRequest? {
    let text = input.text.replacing("TASK", with: "\(task.uuid)")
    let parts = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = parts[0].split(separator: "\n")
    let words = lines.first?.split(separator: " ", maxSplits: 1) ?? []
    guard words.count == 2, let method = HTTPMethod(rawValue: String(words[0])) else { return nil }
    var headers = HTTPHeaders()
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers.append(
        String(line[..<colon]),
        String(line[line.index(after: colon)...].drop { $0 == " " })
      )
    }
    return HTTPRequest(
      method: method,
      target: String(words[1]),
      headers: headers,
      body: parts.count > 1 ? Array(parts[1].utf8) : []
    )
  }
}

/// No worker is connected.
private struct NoWorkers: WorkerDirectory {
  func workers(namespace: String) -> [WorkerStatus] { [] }
  func queues(namespace: String) -> [QueueStatus] { [] }
  func drain(worker: String, namespace: String) -> Bool { false }
  var refusedReports: [Refusal: Int] { [:] }
}
