import Engine
import Store
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct NamespaceTests {
  @Test(arguments: StoreKind.allCases)
  func `a new store has the default namespace`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let page = try await bench.store.namespaces(PageRequest(limit: 10))
      #expect(page.elements.map(\.name) == ["default"])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `namespaces are created, changed and deleted under their revision`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      var namespace = Namespace("team", at: bench.now)
      try await bench.store.create(namespace)
      let taken = await #expect(throws: StoreError.self) {
        try await bench.store.create(namespace)
      }
      #expect(taken?.code == .conflict)
      namespace.description = "ours"
      let changed = try await bench.store.update(namespace, revision: 1)
      #expect(changed.revision == 2 && changed.description == "ours")
      #expect(try await bench.store.namespace("team") == changed)
      let stale = await #expect(throws: StoreError.self) {
        try await bench.store.update(namespace, revision: 1)
      }
      #expect(stale?.code == .stale)
      try await bench.store.deleteNamespace("team", revision: 2)
      #expect(try await bench.store.namespace("team") == nil)
      let gone = await #expect(throws: StoreError.self) {
        try await bench.store.deleteNamespace("team", revision: nil)
      }
      #expect(gone?.code == .notFound)
    }
  }

  @Test(arguments: StoreKind.allCases, Use.allCases)
  func `a namespace in use cannot be deleted, its neighbour of similar name can`(
    kind: StoreKind,
    use: Use
  ) async throws {
    try await StoreBench.run(kind) { bench in
      for name in ["test", "test-1"] {
        try await bench.store.create(Namespace(name, at: bench.now))
      }
      try await use.make(bench, in: "test-1")
      let error = await #expect(throws: StoreError.self) {
        try await bench.store.deleteNamespace("test-1", revision: nil)
      }
      #expect(error?.code == .conflict)
      try await bench.store.deleteNamespace("test", revision: nil)
      #expect(try await bench.store.namespace("test-1") != nil)
    }
  }

  enum Use: CaseIterable, Sendable {
    case trigger, waiting, held, running

    func make(_ bench: StoreBench, in namespace: String) async throws {
      if self == .trigger {
        let draft = TriggerDraft("t", in: namespace)
        _ = try await bench.store.create(draft, idempotency: nil)
        return
      }
      let task = try await bench.store.submit(Submission(in: namespace))
      if self == .held { _ = try await bench.store.command(task, .pause) }
      if self == .running { _ = try await bench.store.start(SlotID(task)) }
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a namespace whose tasks are all final can be deleted`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      try await bench.store.create(Namespace("team", at: bench.now))
      let task = try await bench.store.submit(Submission(in: "team"))
      try await bench.store.finish(task)
      try await bench.store.deleteNamespace("team", revision: nil)
      let answers = try await bench.store.submit([Submission(in: "team")])
      #expect(answers == [.refused(.notFound)])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `equal names in two namespaces never meet`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      try await bench.store.create(Namespace("a", at: bench.now))
      let here = try await bench.store.submit(Submission())
      let there = try await bench.store.submit(Submission(in: "a"))
      let queue = QueueKey(namespace: "a", handler: "hello")
      #expect(try await bench.store.ready(queue) == [SlotID(there)])
      #expect(try await bench.store.ready() == [SlotID(here)])
      let page = try await bench.store.tasks(TaskFilter(namespace: "a"), PageRequest(limit: 9))
      #expect(page.elements.map(\.task.id) == [there])
    }
  }
}
