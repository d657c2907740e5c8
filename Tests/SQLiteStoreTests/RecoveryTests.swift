import Engine
import Foundation
import SQLiteStore
import Store
import Synchronization
import Testing
import TompionTesting

/// What a crash leaves: rows that are behind, and pages that have what they lack.
@Suite(.timeLimit(.minutes(1)))
struct RecoveryTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  /// Rows are settled in the order of first changes: with room for few, some slots here are ahead of
  /// their rows, some have rows that are ahead of pages still needed.
  @Test(arguments: [0, 1, 3, 7, 1000])
  func `rows that were behind are brought up to date`(unsettled: Int) async throws {
    let store = try directory.open { $0.unsettledSlots = unsettled }
    let tasks = try await makeHistory(in: store)
    var before: [TaskDetail] = []
    for task in tasks { before.append(try #require(try await store.task(task))) }
    let sequence = await store.status().lastSequence
    let remains = try directory.copy()  // As `kill -9` leaves them.
    await store.close()

    let heir = try remains.open()
    for detail in before {
      let after = try #require(try await heir.task(detail.task.id))
      #expect(after.slots == detail.slots)
      #expect(after.task.ownParam == detail.task.ownParam)
      #expect(after.task.rerunOf == detail.task.rerunOf)
      #expect(after.task.createdAt == detail.task.createdAt)
      #expect(after.task.isManual)
    }
    let all = PageRequest(limit: 100)
    let listed = try await heir.tasks(TaskFilter(namespace: "default"), all)
    #expect(listed.elements.map(\.task.id) == tasks.reversed())
    #expect(await heir.status().lastSequence >= sequence)
    let moves = try await heir.changes(after: 0, limit: 10_000).map(\.sequence)
    #expect(moves == moves.sorted())
    #expect(moves.count == before.flatMap(\.slots).reduce(0) { $0 + $1.moveCount })
    await heir.close()
  }

  /// Sixteen tasks in four rounds, every kind of delta among what happens to them.
  private func makeHistory(in store: SQLiteStore) async throws -> [TaskID] {
    var tasks: [TaskID] = []
    for round in 1...4 {
      for number in 0..<4 {
        var template = TaskTemplate(namespace: "default", handler: "h")
        template.shardCount = number == 2 ? 3 : 1
        var submission = Submission(template: template)
        submission.param = number == 1 ? [1, 2, 3] : nil
        submission.rerunOf = tasks.first
        let answers = try await store.submit([submission])
        guard case .created(let task) = answers.first else { throw StoreError(.invalid, "refused") }
        tasks.append(task)
      }
      for (index, task) in tasks.enumerated() where index % (round + 1) == 0 {
        try await run(
          SlotID(task: task, shard: 0),
          round: round,
          succeeds: index % 2 == 0,
          in: store
        )
      }
    }
    return tasks
  }

  private func run(_ slot: SlotID, round: Int, succeeds: Bool, in store: SQLiteStore) async throws {
    let owner = Owner.some
    let epoch = Epoch(UInt64(round))
    let fence = Fence(epoch: epoch, boot: owner.boot)
    let outcome: SlotEvent =
      succeeds
      ? .succeeded(result: [UInt8(round)])
      : .failed(message: "no", retryable: true, retryAfter: .zero)
    _ = try await store.apply(
      SlotCommand(slot, .offer(to: owner, epoch: epoch), fence: nil),
      SlotCommand(slot, .started, fence: fence)
    )
    _ = try await store.apply(
      SlotCommand(slot, .progressed(Slot.Progress(percent: 50, note: "half")), fence: fence)
    )
    _ = try await store.apply(SlotCommand(slot, outcome, fence: fence))
    // The run is over: this one is refused, and leaves a trace.
    _ = try await store.apply(SlotCommand(slot, .released, fence: fence))
  }

  @Test(arguments: [true, false])
  func `what changes after its row was settled in the same commit is not forgotten`(
    isNew: Bool
  ) async throws {
    let store = try directory.open { $0.unsettledSlots = 1000 }
    let old = try await store.submit()
    let changed = Mutex(old)
    try await store.perform { ledger throws(StoreError) in
      let draft = TemplateDraft(TaskTemplate(namespace: "default", handler: "h"))
      if isNew, case .created(let task) = try ledger.submit(Submission(draft)) {
        changed.withLock { $0 = task }
      }
      try ledger.command(changed.withLock(\.self), .pause)
      try ledger.settle()
      try ledger.command(changed.withLock(\.self), .cancel(.requested))
    }
    let task = changed.withLock(\.self)
    let before = try #require(try await store.task(task))
    #expect(before.state == .canceled && before.slots.first?.moveCount == 3)
    let remains = try directory.copy()
    await store.close()
    let heir = try remains.open()
    #expect(try await heir.task(task)?.slots == before.slots)
    await heir.close()
  }

  @Test func `a crash during the repair changes nothing`() async throws {
    let store = try directory.open()
    let task = try await store.submit()
    _ = try await store.command(task, .pause)
    let before = try #require(try await store.task(task))
    var remains = try directory.copy()
    await store.close()
    for _ in 0..<3 {
      let heir = try remains.open()
      #expect(try await heir.task(task)?.slots == before.slots)
      let next = try remains.copy()
      await heir.close()
      remains = next
    }
  }

  @Test func `a task that was dropped is not brought back`() async throws {
    let store = try directory.open()
    let task = try await store.submit()
    _ = try await store.command(task, .cancel(.requested))
    let dropped = try await store.dropTasks(
      endedBefore: Timestamp(microseconds: .max),
      keepingPerTrigger: 0,
      limit: 10
    )
    #expect(dropped == 1)
    let remains = try directory.copy()
    await store.close()
    let heir = try remains.open()
    #expect(try await heir.task(task) == nil)
    await heir.close()
  }
}

extension SlotRow {
  fileprivate var moveCount: Int {
    history.entries.count { entry in
      if case .move = entry { true } else { false }
    }
  }
}
