import Engine
import Store

/// The rows in memory, as one transaction sees them.
final class MemoryLedger: Ledger {
  private(set) var now = Timestamp(microseconds: 0)
  var commit = Commit()
  var tables = MemoryTables()
  private(set) var lastSequence: Int64 = 0
  private let clock: @Sendable () -> Timestamp
  private var random: SeededRandom
  private var lastEpoch: Epoch

  init(clock: @escaping @Sendable () -> Timestamp, seed: UInt64, generation: UInt32) {
    self.clock = clock
    random = SeededRandom(seed: seed)
    lastEpoch = Epoch(generation: generation, count: 0)
    let name = Namespace.defaultName
    tables.namespaces[name] = Namespace(name: name, description: "", createdAt: clock())
  }

  /// Starts the next transaction.
  func begin() {
    now = clock()
    commit = Commit()
  }

  /// Moves the time of the transaction on, never back.
  func readClock() {
    now = max(now, clock())
  }

  /// Ends the transaction and says what it changed.
  func end() -> Commit {
    tables.journal.append(contentsOf: commit.changes.map(JournalEntry.init))
    let excess = tables.journal.count - MemoryTables.journalBound
    if excess > MemoryTables.journalBound / 10 { tables.journal.removeFirst(excess) }
    return commit
  }

  func undoably(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    let (savedTables, savedCommit) = (tables, commit)
    do throws(StoreError) {
      try body()
    } catch {
      (tables, commit) = (savedTables, savedCommit)
      throw error
    }
  }

  func nextSequence() -> Int64 {
    lastSequence += 1
    return lastSequence
  }

  func nextEpoch() -> Epoch {
    lastEpoch = Epoch(lastEpoch.value + 1)
    return lastEpoch
  }

  func newID() -> UUIDv7 {
    UUIDv7(at: now, random: (random.next(), random.next()))
  }

  func newTaskID(shards: Int) -> TaskID {
    TaskID(newID())
  }

  func jitter() -> Double {
    Double.random(in: 0..<1, using: &random)
  }

  func recurrence(of trigger: Trigger) throws(StoreError) -> Recurrence {
    try trigger.recurrence()
  }

  func share(_ draft: TemplateDraft) -> SharedTemplate {
    let template = draft.value
    if let shared = tables.templates[template] { return shared }
    let shared = SharedTemplate(number: Int64(tables.templates.count) + 1, value: template)
    tables.templates[template] = shared
    return shared
  }

  func template(of trigger: Trigger) -> SharedTemplate {
    share(TemplateDraft(trigger.template))
  }

  // MARK: Tasks

  func insert(_ row: SlotRow, of task: TaskRecord) {
    tables.tasks[task.id] = task
    tables.slots[task.id, default: []].append(row)
  }

  func slot(_ id: SlotID) -> MemoryEntry? {
    guard let task = tables.tasks[id.task], let slots = tables.slots[id.task],
      slots.indices.contains(id.shard)
    else { return nil }
    return MemoryEntry(slots[id.shard], of: task)
  }

  func slots(of task: TaskID) -> [MemoryEntry] {
    guard let record = tables.tasks[task], let rows = tables.slots[task] else { return [] }
    return rows.map { MemoryEntry($0, of: record) }
  }

  func change(_ entry: MemoryEntry, _ body: (inout SlotRow) -> Void) {
    body(&entry.row)
    tables.slots[entry.task.id]?[entry.row.slot.id.shard] = entry.row
  }

  func settle() {}

  func liveTasks(of trigger: TriggerID) -> [TaskID] {
    tables.tasks.values.filter { task in
      task.template.value.trigger?.id == trigger && !tables.isFinal(task.id)
    }.map(\.id).sorted()
  }

  func heldTasks(after cursor: TaskID?, limit: Int) -> [TaskID] {
    let held = tables.slots.filter { id, rows in
      cursor.map { $0 < id } ?? true
        && rows.contains { row in
          if case .held = row.slot.phase { true } else { false }
        }
    }
    return Array(held.keys.sorted().prefix(limit))
  }

  func hasTask(_ trigger: TriggerID, nominalAt: Timestamp) -> Bool {
    tables.tasks.values.contains { task in
      !task.isManual && task.nominalAt == nominalAt && task.template.value.trigger?.id == trigger
    }
  }
}

/// A copy of a row, put back when it is changed.
final class MemoryEntry: SlotEntry {
  let task: TaskRecord
  fileprivate(set) var row: SlotRow

  init(_ row: SlotRow, of task: TaskRecord) {
    self.row = row
    self.task = task
  }
}
