import Engine
import SQLiteStore
import Store
import Synchronization
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct WriterTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  @Test func `operations that arrive together share commits`() async throws {
    let store = try directory.open()
    let tasks = try await withThrowingTaskGroup { group in
      for _ in 0..<1000 { group.addTask { try await store.submit() } }
      var tasks: Set<TaskID> = []
      for try await task in group { tasks.insert(task) }
      return tasks
    }
    #expect(tasks.count == 1000)
    #expect(store.commits < 500)
    await store.close()
  }

  @Test func `an operation that fails half-way is undone alone`() async throws {
    let matching = ListeningMatching()
    let store = try directory.open(matching: matching)
    let hold = HeldOperation(store)
    await hold.untilRunning()  // So that the three share the next transaction.
    let answers = Mutex<[String]>([])
    for name in ["a", "b", "c"] {
      store.post(
        StoreOperation(reply: { (result: Result<Void, StoreError>) in
          let fate = (try? result.get()) == nil ? "undone" : "done"
          answers.withLock { $0.append("\(name) \(fate)") }
        }) { ledger throws(StoreError) in
          try ledger.insert(Namespace(name: name, description: "", createdAt: ledger.now))
          guard name != "b" else { throw StoreError(.conflict, "half-way") }
        }
      )
    }
    hold.letGo()
    _ = try await store.submit()
    #expect(answers.withLock { $0 } == ["a done", "b undone", "c done"])
    let names = try await store.namespaces(PageRequest(limit: 10)).elements.map(\.name)
    #expect(names == ["a", "c", "default"])
    await store.close()
  }

  @Test func `what moved is found by those who look for it in the same transaction`() async throws {
    let store = try directory.open()
    let task = try await store.submit()
    let found = Mutex<(states: [TaskState], isInUse: Bool)?>(nil)
    store.post(
      StoreOperation(reply: { (_: Result<Void, StoreError>) in }) { ledger throws(StoreError) in
        try ledger.command(task, .pause)
        try ledger.command(task, .cancel(.requested))
        let states = try ledger.slots(of: task).map(\.row.slot.state)
        let isInUse = try ledger.isInUse(Namespace.defaultName)
        found.withLock { $0 = (states, isInUse) }
      }
    )
    _ = try await store.submit()
    #expect(found.withLock { $0?.states } == [.canceled])
    #expect(found.withLock { $0?.isInUse } == false)
    let row = try #require(try await store.task(task)?.slots.first)
    #expect(row.slot.state == .canceled)
    #expect(row.history.entries.count == 3)
    await store.close()
  }

  @Test func `every move is stored, also when memory is full`() async throws {
    let store = try directory.open { $0.rowsInMemory = 4 }
    var tasks: [TaskID] = []
    for _ in 0..<10 { tasks.append(try await store.submit()) }
    let offers = tasks.map {
      SlotCommand(SlotID(task: $0, shard: 0), .offer(to: .some, epoch: .none), fence: nil)
    }
    let answers = try await withCheckedThrowingContinuation { done in
      store.apply(offers) { done.resume(with: $0) }
    }
    #expect(answers == Array(repeating: .moved, count: 10))
    for task in tasks { #expect(try await store.task(task)?.state == .waitingToRun) }
    await store.close()
  }

  @Test func `a move that is undone leaves the slot as it was`() async throws {
    let store = try directory.open()
    let task = try await store.submit()
    let reply: Reply<Void> = { result in
      if case .success = result { Issue.record("it was not undone") }
    }
    store.post(
      StoreOperation(reply: reply) { ledger throws(StoreError) in
        try ledger.command(task, .cancel(.requested))
        throw StoreError(.conflict, "half-way")
      }
    )
    let slot = SlotID(task: task, shard: 0)
    let offer = SlotEvent.offer(to: .some, epoch: .none)
    #expect(try await store.apply(SlotCommand(slot, offer, fence: nil)) == [.moved])
    #expect(try await store.task(task)?.state == .waitingToRun)
    await store.close()
  }

  @Test func `a full disk refuses work, binds nothing, and recovers by itself`() async throws {
    let matching = ListeningMatching()
    let store = try directory.open(matching: matching) {
      $0.largestPageCount = 120
      $0.unsettledSlots = 0  // Only what has a row can be dropped to make room.
    }
    let victim = SlotID(task: try await store.submit(), shard: 0)
    var kept: [TaskID] = []
    var failure: StoreError?
    while failure == nil {
      do {
        let task = try await store.submit(param: [UInt8](repeating: 0, count: 20_000))
        kept.append(task)
        _ = try await store.apply(.cancel(task))
      } catch {
        failure = error as? StoreError
      }
    }
    #expect(failure?.code == .unavailable)
    #expect(await store.status().trouble == failure?.message)
    for task in kept { #expect(try await store.task(task)?.task.id == task) }

    let offer = SlotCommand(victim, .offer(to: .some, epoch: Epoch(5)), fence: nil)
    matching.bindNext([offer])
    store.stir()
    await #expect(throws: StoreError.self) {
      try await store.submit(param: [UInt8](repeating: 0, count: 20_000))
    }
    #expect(try await store.task(victim.task)?.state == .created)

    // Dropping final tasks takes no new pages, and then there are plenty.
    _ = try await store.dropTasks(endedBefore: .distantFuture, keepingPerTrigger: 0, limit: 500)
    while await store.status().trouble != nil { await Task.yield() }
    _ = try await store.submit(param: [UInt8](repeating: 0, count: 20_000))
    while try await store.task(victim.task)?.state == .created { await Task.yield() }
    await store.close()
  }

  @Test func `what became ready with the end of the trouble is offered too`() async throws {
    let matching = ListeningMatching()
    let store = try directory.open(matching: matching) { $0.largestPageCount = 120 }
    await #expect(throws: StoreError.self) {
      while true { _ = try await store.submit(param: [UInt8](repeating: 0, count: 20_000)) }
    }
    #expect(await store.status().trouble != nil)
    let small = SlotID(task: try await store.submit(), shard: 0)  // For this there is room.
    #expect(await store.status().trouble == nil)
    _ = try await store.apply()  // Whatever the writer did of its own accord is done by now.
    #expect(matching.heard.contains(small))
    await store.close()
  }

  @Test func `a task is read although what arrived with it cannot be written`() async throws {
    let store = try directory.open { $0.largestPageCount = 120 }
    let task = try await store.submit()
    let hold = HeldOperation(store)
    await hold.untilRunning()
    async let write = store.submit(param: [UInt8](repeating: 0, count: 900_000))
    async let read = store.task(task)
    try await Task.sleep(for: .milliseconds(20))  // Both are in the mailbox by now.
    hold.letGo()
    #expect(try await read?.task.id == task)
    var refusal: StoreError?
    do { _ = try await write } catch { refusal = error as? StoreError }
    #expect(refusal?.code == .unavailable)
    await store.close()
  }

  @Test func `bindings of a transaction that failed are given back`() async throws {
    let matching = ListeningMatching()
    let store = try directory.open(matching: matching) { $0.largestPageCount = 120 }
    let victim = SlotID(task: try await store.submit(), shard: 0)
    let offer = SlotCommand(victim, .offer(to: .some, epoch: Epoch(5)), fence: nil)
    matching.bindNext([offer])
    // The operation fits and the bindings are asked for; the pages run out at the commit's journal.
    let many = (0..<300).map { _ in
      var submission = Submission(template: TaskTemplate(namespace: "default", handler: "h"))
      submission.param = [UInt8](repeating: 0, count: 4_000)
      return submission
    }
    await #expect(throws: StoreError.self) { try await store.submit(many) }
    #expect(try await store.task(victim.task)?.state == .created)
    let bound = matching.undoneBindings
    #expect(bound == [offer] || bound == [])
    await store.close()
  }

  @Test func `a mailbox that is full refuses at once`() async throws {
    let store = try directory.open { $0.mailboxBound = 3 }
    let hold = HeldOperation(store)
    await hold.untilRunning()
    let refused = Mutex<[StoreError.Code]>([])
    for _ in 0..<5 {
      store.apply([]) { result in
        if case .failure(let error) = result { refused.withLock { $0.append(error.code) } }
      }
    }
    #expect(refused.withLock { $0 } == [.unavailable, .unavailable])
    hold.letGo()
    _ = try await store.submitWhenPossible()
    await store.close()
  }

  @Test func `closing answers what was asked before`() async throws {
    let store = try directory.open()
    let hold = HeldOperation(store)
    let answered = Atomic<Int>(0)
    for _ in 0..<100 {
      store.submit([Submission(template: TaskTemplate(namespace: "default", handler: "h"))]) {
        if case .success = $0 { answered.add(1, ordering: .relaxed) }
      }
    }
    async let closed: Void = store.close()
    hold.letGo()
    await closed
    #expect(answered.load(ordering: .relaxed) == 100)
  }
}

/// Keeps the writer busy until it is let go.
final class HeldOperation: Sendable {
  private let gate = DispatchGate()
  private let running: AsyncStream<Void>

  init(_ store: SQLiteStore) {
    let (running, isRunning) = AsyncStream.makeStream(of: Void.self)
    self.running = running
    store.post(
      StoreOperation(reply: { (_: Result<Void, StoreError>) in }) { [gate] _ in
        isRunning.yield()
        gate.wait()
      }
    )
  }

  func untilRunning() async {
    for await _ in running { return }
  }

  func letGo() { gate.open() }
}

extension SlotCommand {
  static func cancel(_ task: TaskID) -> SlotCommand {
    SlotCommand(SlotID(task: task, shard: 0), .cancel(.requested), fence: nil)
  }
}

extension Store {
  /// Submits once there is room in the mailbox.
  func submitWhenPossible() async throws -> TaskID {
    for _ in 0..<10_000 {
      if let task = try? await submit() { return task }
      await Task.yield()
    }
    return try await submit()
  }
}
