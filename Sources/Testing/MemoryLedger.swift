package import Engine
package import Store

/// The rows in memory, as one transaction sees them.
package final class MemoryLedger: Ledger {
  package private(set) var now = Timestamp(microseconds: 0)
  package var commit = Commit()
  package internal(set) var tables = MemoryTables()
  private(set) var lastSequence: Int64 = 0
  private let clock: @Sendable () -> Timestamp
  private var random: SeededRandom
  private var lastEpoch: Epoch

  package init(clock: @escaping @Sendable () -> Timestamp, seed: UInt64, generation: UInt32) {
    self.clock = clock
    random = SeededRandom(seed: seed)
    lastEpoch = Epoch(generation: generation, count: 0)
    let name = Namespace.defaultName
    tables.namespaces[name] = Namespace(name: name, description: "", createdAt: clock())
  }

  /// Starts the next transaction.
  package func begin() {
    now = clock()
    commit = Commit()
  }

  /// Moves the time of the transaction on, never back.
  package func readClock() {
    now = max(now, clock())
  }

  /// Ends the transaction and says what it changed.
  package func end() -> Commit {
    tables.journal.append(contentsOf: commit.changes.map(JournalEntry.init))
    let excess = tables.journal.count - MemoryTables.journalBound
    if excess > MemoryTables.journalBound / 10 { tables.journal.removeFirst(excess) }
    return commit
  }

  /// What `restore` brings back; what was handed out in between stays handed out.
  package struct Savepoint {
    fileprivate let tables: MemoryTables
    fileprivate let commit: Commit
  }

  package func savepoint() -> Savepoint {
    Savepoint(tables: tables, commit: commit)
  }

  package func restore(_ savepoint: Savepoint) {
    (tables, commit) = (savepoint.tables, savepoint.commit)
  }

  package func undoably(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    let before = savepoint()
    do throws(StoreError) {
      try body()
    } catch {
      restore(before)
      throw error
    }
  }

  package func nextSequence() -> Int64 {
    lastSequence += 1
    return lastSequence
  }

  package func nextEpoch() -> Epoch {
    lastEpoch = Epoch(lastEpoch.value + 1)
    return lastEpoch
  }

  package func newID() -> UUIDv7 {
    UUIDv7(at: now, random: (random.next(), random.next()))
  }

  package func newTaskID(shards: Int) -> TaskID {
    TaskID(newID())
  }

  package func jitter() -> Double {
    Double.random(in: 0..<1, using: &random)
  }

  package func recurrence(of trigger: Trigger) throws(StoreError) -> Recurrence {
    try trigger.recurrence()
  }

  package func share(_ draft: TemplateDraft) -> SharedTemplate {
    let template = draft.value
    if let shared = tables.templates[template] { return shared }
    let shared = SharedTemplate(number: Int64(tables.templates.count) + 1, value: template)
    tables.templates[template] = shared
    return shared
  }

  package func template(of trigger: Trigger) -> SharedTemplate {
    share(TemplateDraft(trigger.template))
  }

  // MARK: Tasks

  package func insert(_ row: SlotRow, of task: TaskRecord) {
    tables.tasks[task.id] = task
    tables.slots[task.id, default: []].append(row)
    noteDelay(of: row)
  }

  private func noteDelay(of row: SlotRow) {
    let id = row.slot.id
    guard tables.delayed[id] == nil || tables.delayed[id] != row.slot.readyAt else { return }
    tables.delayed[id] = row.delayedUntil(at: now)
  }

  package func slot(_ id: SlotID) -> MemoryEntry? {
    guard let task = tables.tasks[id.task], let slots = tables.slots[id.task],
      slots.indices.contains(id.shard)
    else { return nil }
    return MemoryEntry(slots[id.shard], of: task)
  }

  package func slots(of task: TaskID) -> [MemoryEntry] {
    guard let record = tables.tasks[task], let rows = tables.slots[task] else { return [] }
    return rows.map { MemoryEntry($0, of: record) }
  }

  package func change(_ entry: MemoryEntry, _ body: (inout SlotRow) -> Void) {
    body(&entry.row)
    tables.slots[entry.task.id]?[entry.row.slot.id.shard] = entry.row
    noteDelay(of: entry.row)
  }

  package func settle() {}

  package func liveTasks(of trigger: TriggerID) -> [TaskID] {
    tables.tasks.values.filter { task in
      task.template.value.trigger?.id == trigger && !tables.isFinal(task.id)
    }.map(\.id).sorted()
  }

  package func heldTasks(after cursor: TaskID?, limit: Int) -> [TaskID] {
    let held = tables.slots.filter { id, rows in
      cursor.map { $0 < id } ?? true
        && rows.contains { row in
          if case .held = row.slot.phase { true } else { false }
        }
    }
    return Array(held.keys.sorted().prefix(limit))
  }

  package func hasTask(_ trigger: TriggerID, nominalAt: Timestamp) -> Bool {
    tables.tasks.values.contains { task in
      !task.isManual && task.nominalAt == nominalAt && task.template.value.trigger?.id == trigger
    }
  }
}

/// A copy of a row, put back when it is changed.
package final class MemoryEntry: SlotEntry {
  package let task: TaskRecord
  fileprivate(set) package var row: SlotRow
  package var slot: Slot { row.slot }

  init(_ row: SlotRow, of task: TaskRecord) {
    self.row = row
    self.task = task
  }
}
