import Engine
import Foundation
import PlatformSQLite
import SQLiteStore
import Store
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct DurabilityTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  @Test func `a store that was closed has everything when it is opened again`() async throws {
    let clock = ManualClock()
    var store = try directory.open(clock: clock)
    let definition = TriggerDefinition(handler: "hello", schedule: "@every 1s")
    let draft = TriggerDraft(
      namespace: "default",
      name: "t",
      definition: definition,
      isOnline: true
    )
    let trigger = try await store.create(draft, idempotency: nil)
    let task = try await store.submit(param: [1])
    let slot = SlotID(task: task, shard: 0)
    let owner = Owner.some
    _ = try await store.apply(
      SlotCommand(slot, .offer(to: owner, epoch: Epoch(9)), fence: nil),
      SlotCommand(slot, .started, fence: Fence(epoch: Epoch(9), boot: owner.boot))
    )
    let before = try #require(try await store.task(task))
    let status = await store.status()
    await store.close()
    let log = FileManager.default.contents(atPath: directory.database + "-wal")
    #expect((log ?? Data()).isEmpty)

    store = try directory.open(clock: clock)
    let after = try #require(try await store.task(task))
    #expect(after.slots == before.slots)
    #expect(after.task.param == [1])
    #expect(try await store.slotsInHand().map(\.slot) == before.slots.map(\.slot))
    #expect(try await store.trigger(namespace: "default", name: "t")?.state == trigger.state)
    #expect(await store.status().lastSequence == status.lastSequence)
    _ = try await store.submit()
    let range = try #require(try await store.journalRange())
    #expect(range == 1...(status.lastSequence + 1))
    await store.close()
  }

  @Test func `a first start that was cut short is made up for by the next`() async throws {
    await (try directory.open()).close()
    do {  // The namespace was there, and the generation was not yet.
      let connection = try Connection(path: directory.database)
      try connection.execute("DELETE FROM meta WHERE name = 'generation'")
    }
    let store = try directory.open()
    #expect(try await store.namespace(Namespace.defaultName)?.revision == 1)
    _ = try await store.submit()
    await store.close()
  }

  @Test func `what was acknowledged survives the death of the process`() async throws {
    let store = try directory.open { $0.durability = .normal }
    var tasks: [TaskID] = []
    for number in 0..<50 { tasks.append(try await store.submit(param: [UInt8(number)])) }
    let remains = try directory.copy()  // As `kill -9` leaves them: no checkpoint, no goodbye.
    await store.close()
    let heir = try remains.open()
    for (number, task) in tasks.enumerated() {
      #expect(try await heir.task(task)?.task.param == [UInt8(number)])
    }
    await heir.close()
  }

  @Test func `each start is a new generation, also from an old backup`() async throws {
    let clock = ManualClock()
    var generations: [UInt32] = []
    for _ in 0..<3 {
      let store = try directory.open(clock: clock)
      generations.append(await store.status().generation)
      await store.close()
    }
    #expect(generations[1] == generations[0] + 1 && generations[2] == generations[1] + 1)
    let backup = try directory.copy()
    clock.advance(by: .seconds(100))
    let restored = try backup.open(clock: clock)
    #expect(await restored.status().generation > generations[2] + 50)
    await restored.close()
  }

  @Test func `a second server is refused while the first lives`() async throws {
    let first = try directory.open()
    let error = #expect(throws: StoreError.self) { try directory.open() }
    #expect(error?.code == .locked)
    #expect(error?.message.contains("\(directory.path)/LOCK") == true)
    await first.close()
    let second = try directory.open()
    await second.close()
  }

  @Test func `a database of a newer version is refused`() async throws {
    let store = try directory.open()
    await store.close()
    try Connection(path: directory.database).execute("INSERT INTO migrations VALUES (9999, 0)")
    let error = #expect(throws: StoreError.self) { try directory.open() }
    #expect(error?.code == .locked)
    #expect(error?.message.contains("9999") == true)
  }

  @Test func `a damaged database is refused with the way to save it`() async throws {
    let store = try directory.open()
    for _ in 0..<200 { _ = try await store.submit(param: [UInt8](repeating: 1, count: 2000)) }
    await store.close()
    let file = try FileHandle(forUpdating: URL(filePath: directory.database))
    try file.seek(toOffset: 4096 * 40)
    try file.write(contentsOf: Data(repeating: 0xAA, count: 4096 * 20))
    try file.close()
    let error = #expect(throws: StoreError.self) { try directory.open() }
    #expect(error?.code == .corrupt)
    #expect(error?.message.contains("\".recover\"") == true)
    #expect(error?.message.contains(directory.database) == true)
  }

  @Test func `a file that is no database is refused`() async throws {
    try Data("This is not a database, whatever its name says.".utf8)
      .write(to: URL(filePath: directory.database))
    let error = #expect(throws: StoreError.self) { try directory.open() }
    #expect(error?.code == .corrupt)
  }

  @Test func `nothing can be asked of a closed store`() async throws {
    let store = try directory.open()
    await store.close()
    for _ in 0..<2 {
      let error = await #expect(throws: StoreError.self) { try await store.submit() }
      #expect(error?.code == .unavailable)
      await #expect(throws: StoreError.self) { try await store.liveQueues() }
      await store.close()  // Once more does no harm.
    }
  }

  @Test func `the journal keeps its bound`() async throws {
    let store = try directory.open {
      $0.durability = .normal
      $0.journalBound = 20
      $0.unsettledSlots = 0
    }
    for _ in 0..<200 { _ = try await store.submit() }
    let range = try #require(try await store.journalRange())
    #expect(range.upperBound == 200)
    #expect((20..<20 + 64 + 2).contains(range.count))  // Pages go now and then, many together.
    await store.close()
  }

  @Test func `pages stay as long as rows are behind them`() async throws {
    let store = try directory.open {
      $0.durability = .normal
      $0.journalBound = 20
    }
    // Many side by side: in a quiet moment rows would catch up.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { for _ in 0..<200 { _ = try await store.submit() } }
      }
      try await group.waitForAll()
    }
    #expect(store.commits > 64)
    #expect(try await store.journalRange() == 1...1600)
    await store.close()
  }
}
