import Engine
import Store
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct ListTests {
  @Test(arguments: StoreKind.allCases)
  func `tasks are listed newest first, page by page`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      var ids: [TaskID] = []
      for _ in 0..<7 {
        bench.clock.advance(by: .milliseconds(2))
        ids.append(try await bench.store.submit(Submission()))
      }
      let pages = try await bench.pages(TaskFilter(namespace: "default"), limit: 3)
      #expect(pages.map(\.count) == [3, 3, 1])
      #expect(pages.flatMap(\.self) == ids.reversed())
    }
  }

  @Test(arguments: StoreKind.allCases, TaskState.allCases)
  func `a filter by state finds exactly the tasks in it`(
    kind: StoreKind,
    state: TaskState
  ) async throws {
    try await StoreBench.run(kind) { bench in
      var expected: [TaskState: [TaskID]] = [:]
      for state in TaskState.allCases + TaskState.allCases {
        bench.clock.advance(by: .milliseconds(2))
        expected[state, default: []].append(try await bench.task(in: state))
      }
      var paused = Submission()
      paused.template.shardCount = 2
      let held = try await bench.store.submit(paused)
      _ = try await bench.store.apply(SlotID(held, 1), .pause)
      expected[.created, default: []].append(held)
      var filter = TaskFilter(namespace: "default")
      filter.state = state
      let found = try await bench.pages(filter, limit: 1).flatMap(\.self)
      #expect(found == expected[state]?.sorted(by: >))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `filters by handler and by trigger find what they name`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let other = try await bench.store.submit(Submission("other"))
      let trigger = try await bench.trigger()
      for _ in 1...2 { try await bench.fireNext(trigger) }
      var filter = TaskFilter(namespace: "default")
      filter.handler = "other"
      #expect(try await bench.pages(filter, limit: 5).flatMap(\.self) == [other])
      filter.handler = nil
      filter.trigger = trigger.id
      let fired = try await bench.tasks(of: trigger).map(\.task.id)
      #expect(try await bench.pages(filter, limit: 1).flatMap(\.self) == fired)
      filter.state = .faulted
      #expect(try await bench.pages(filter, limit: 1).flatMap(\.self) == [])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a trigger's fires are listed newest first, tasks and records together`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger { $0.overlap = .skip }
      for second in 1...9 {
        try await bench.fireNext(trigger)
        if second == 5 {
          let first = try #require(try await bench.tasks(of: trigger).first).task.id
          try await bench.store.finish(first)
        }
      }
      var times: [Timestamp] = []
      var kinds = ""
      var page = PageRequest(limit: 2)
      repeat {
        let found = try await bench.store.fires(of: trigger.id, page)
        times += found.elements.map(\.at)
        kinds += found.elements.map { $0.task == nil ? "s" : "t" }.joined()
        page.cursor = found.next
      } while page.cursor != nil
      #expect(times == (1...9).reversed().map { trigger.createdAt + .seconds($0) })
      #expect(kinds == "ssstsssst")
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `triggers and namespaces are listed by name`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      for name in ["c", "a", "b"] {
        _ = try await bench.trigger(name)
        try await bench.store.create(Namespace(name, at: bench.now))
      }
      let first = try await bench.store.triggers(namespace: "default", PageRequest(limit: 2))
      #expect(first.elements.map(\.name) == ["a", "b"])
      let rest = PageRequest(limit: 2, cursor: first.next)
      let second = try await bench.store.triggers(namespace: "default", rest)
      #expect(second.elements.map(\.name) == ["c"] && second.next == nil)
      let spaces = try await bench.store.namespaces(PageRequest(limit: 3))
      #expect(spaces.elements.map(\.name) == ["a", "b", "c"])
      let last = try await bench.store.namespaces(PageRequest(limit: 3, cursor: spaces.next))
      #expect(last.elements.map(\.name) == ["default"])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a cursor from elsewhere is refused`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let page = PageRequest(limit: 1, cursor: [1, 2, 3])
      let error = await #expect(throws: StoreError.self) {
        try await bench.store.tasks(TaskFilter(namespace: "default"), page)
      }
      #expect(error?.code == .invalid)
      let trigger = try await bench.trigger()
      await #expect(throws: StoreError.self) { try await bench.store.fires(of: trigger.id, page) }
    }
  }
}

extension StoreBench {
  /// The ids on each page of a list, whose empty pages are left out.
  func pages(_ filter: TaskFilter, limit: Int) async throws -> [[TaskID]] {
    var pages: [[TaskID]] = []
    var request = PageRequest(limit: limit)
    repeat {
      let page = try await store.tasks(filter, request)
      #expect(page.elements.count <= limit)
      if !page.elements.isEmpty { pages.append(page.elements.map(\.task.id)) }
      request.cursor = page.next
    } while request.cursor != nil
    return pages
  }

  /// A new task in a state.
  func task(in state: TaskState) async throws -> TaskID {
    var submission = Submission()
    submission.template.retry.retries = 0
    let slot = SlotID(try await store.submit(submission))
    switch state {
    case .created: break
    case .waitingToRun: _ = try await store.offer(slot, to: .some)
    case .running: _ = try await store.start(slot)
    case .runToCompletion: try await store.finish(slot.task)
    case .faulted: _ = try await store.apply(slot, .failure, try await store.start(slot))
    case .canceled: _ = try await store.apply(slot, .cancel(.requested))
    }
    return slot.task
  }
}
