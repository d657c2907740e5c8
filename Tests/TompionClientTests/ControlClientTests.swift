import ControlAPI
import Engine
import PlatformHTTP
import Server
import Store
import Testing
import TompionTesting

@testable import TompionClient

/// A server with a store in memory and no workers.
private func withServer(
  token: String? = nil,
  _ test: (ControlClient, MemoryStore) async throws -> Void
) async throws {
  let hub = EventHub()
  let store = MemoryStore(matching: Announcing(hub: hub)) { Timestamp(seconds: 1_800_000_000) }
  let controller = Controller(store: store, workers: Nobody()) { Timestamp(seconds: 1_800_000_000) }
  try await controller.prepare()
  var configuration = RESTInterface.Configuration { ("", "text/plain") }
  configuration.token = token
  let server = RESTInterface(controller: controller, events: hub, configuration)
    .server(host: "127.0.0.1", port: 0)
  let address = try server.start()
  let client = ControlClient(server: "http://127.0.0.1:\(address.port)/", token: token)
  do {
    try await test(client, store)
  } catch {
    await server.shutdown(grace: .zero)
    throw error
  }
  await server.shutdown(grace: .zero)
}

private struct Announcing: Matching {
  let hub: EventHub

  func bind(after changes: [SlotChange]) -> [SlotCommand] { [] }
  func committed(_ commit: Commit) { hub.committed(commit) }
  func undone(_ bindings: [SlotCommand]) {}
}

private struct Nobody: WorkerDirectory {
  func workers(namespace: String) -> [WorkerStatus] { [] }
  func queues(namespace: String) -> [QueueStatus] { [] }
  func drain(worker: String, namespace: String) -> Bool { false }
  var refusedReports: [Refusal: Int] { [:] }
}

@Suite(.timeLimit(.minutes(1)))
struct ControlClientTests {
  @Test func `triggers go the whole way through the client`() async throws {
    try await withServer { client, _ in
      var spec = TriggerSpec(handler: "report", schedule: "@every 1m")
      let created = try await client.createTrigger("nightly", spec, idempotencyKey: "k")
      #expect(try await client.createTrigger("nightly", spec, idempotencyKey: "k").id == created.id)
      #expect(try await client.triggers().items == [created])
      spec.schedule = "@every 2m"
      let replaced = try await client.putTrigger("nightly", spec, revision: 1)
      #expect(replaced.state.revision == 2)
      let patched = try await client.patchTrigger("nightly", ["retries": 8], revision: 2)
      #expect(patched.spec.retries == 8 && patched.spec.schedule == "@every 2m")
      #expect(try await client.takeTriggerOffline("nightly").spec.online == false)
      #expect(try await client.bringTriggerOnline("nightly").spec.online == true)
      let task = try await client.fireTrigger("nightly", param: "p")
      #expect(try await client.fires(of: "nightly").items.map(\.task) == [task.id])
      #expect(try await client.previewTrigger("nightly", count: 3).fires.count == 3)
      #expect(try await client.preview(PreviewSpec(schedule: "@daily")).fires.count == 10)
      let backfill = try await client.backfillTrigger(
        "nightly",
        from: "2027-01-15T07:00:00Z",
        to: "2027-01-15T08:00:00Z"
      )
      #expect(backfill.tasks.isEmpty, "the trigger is younger than that")
      try await client.deleteTrigger("nightly", revision: nil)
      #expect(try await client.triggers().items.isEmpty)
    }
  }

  @Test func `tasks go the whole way through the client`() async throws {
    try await withServer { client, _ in
      let task = try await client.submitTask(TaskSpec(handler: "h"), idempotencyKey: "a b")
      #expect(try await client.task(task.id) == task)
      #expect(try await client.pauseTask(task.id).shards.first?.phase == "held")
      #expect(try await client.resumeTask(task.id).shards.first?.phase == "ready")
      #expect(try await client.why(task.id).reasons.first?.code == "no-worker")
      #expect(try await client.cancelTask(task.id).state == "Canceled")
      let retried = try await client.retryTask(task.id)
      #expect(retried.rerunOf == task.id)
      let canceled = try await client.tasks(TaskFilter(state: "Canceled"), ListPage(limit: 1))
      #expect(canceled.items.map(\.id) == [task.id])
      #expect(try await client.log(of: task.id).items.isEmpty)
    }
  }

  @Test func `the rest of the interface has its methods too`() async throws {
    try await withServer(token: "0123456789") { client, _ in
      #expect(try await client.createNamespace("other", description: "d").description == "d")
      #expect(try await client.putNamespace("other", description: "e", revision: 1).revision == 2)
      #expect(try await client.namespaces().items.map(\.name) == ["default", "other"])
      #expect(try await client.namespace("other").description == "e")
      try await client.deleteNamespace("other")
      #expect(try await client.workers().items.isEmpty)
      #expect(try await client.handlers().items.isEmpty)
      #expect(try await client.queues().items.isEmpty)
      #expect(try await client.health().status == "ok")
      #expect(try await client.readiness().ready)
      await #expect(throws: ControlClientError.self) { try await client.worker("none") }
      await #expect(throws: ControlClientError.self) { try await client.drainWorker("none") }
    }
  }

  @Test func `an error carries the problem`() async throws {
    try await withServer { client, _ in
      var spec = TriggerSpec(handler: "h", schedule: "nonsense")
      var error = await #expect(throws: ControlClientError.self) {
        try await client.createTrigger("t", spec)
      }
      #expect(error?.code == .refused && error?.problem?.field == "schedule")
      spec.schedule = "@daily"
      error = await #expect(throws: ControlClientError.self) {
        try await client.trigger("a/b ü")
      }
      #expect(error?.problem?.code == .notFound)
    }
  }

  @Test func `nobody there is unreachable`() async {
    let client = ControlClient(server: "http://127.0.0.1:9")
    let error = await #expect(throws: ControlClientError.self) { try await client.triggers() }
    #expect(error?.code == .unreachable)
    let malformed = ControlClient(server: "nowhere")
    let other = await #expect(throws: ControlClientError.self) { try await malformed.triggers() }
    #expect(other?.code == .unreachable)
  }

  @Test func `events are watched and taken up again`() async throws {
    try await withServer { client, _ in
      let first = try await client.submitTask(TaskSpec(handler: "a"))
      let second = try await client.submitTask(TaskSpec(handler: "b"))
      var seen: [EventInfo] = []
      for try await case .change(let change) in client.events(after: 0) {
        seen.append(change)
        if seen.count == 2 { break }
      }
      #expect(seen.map(\.task) == [first.id, second.id])
      for try await event in client.events(after: seen[0].sequence) {
        guard case .change(let change) = event else { continue }
        #expect(change == seen[1])
        break
      }
      for try await event in client.events(after: 12_345) {
        guard case .reset = event else { continue }
        break
      }
    }
  }

  @Test func `a watch of what is not there is refused`() async throws {
    try await withServer { client, _ in
      var elsewhere = client
      elsewhere.namespace = "other"
      let error = await #expect(throws: ControlClientError.self) {
        for try await _ in elsewhere.events() { break }
      }
      #expect(error?.problem?.code == .notFound)
    }
  }
}
