import Engine
import Store

/// Rows that were written or read lately and are not final: what moves next is mostly among them.
///
/// Within a transaction a slot often moves more than once, so its row is changed here and stored once,
/// at the end. Bounded: when full, it starts anew with the next transaction. Rows with much in them are
/// left to the database.
struct HotRows {
  private static let largestRow = 4096

  /// How many slots, and how many tasks, are here when a transaction begins.
  let capacity: Int

  struct HotSlot {
    var row: SlotRow
    /// The indexed columns as they are stored.
    var columns: SlotColumns
    /// The number of the row.
    let number: Int64
    /// Whether `row` is newer than what is stored.
    var isUnwritten = false
  }

  private var slots: [SlotID: HotSlot] = [:]
  private var tasks: [TaskID: TaskRecord] = [:]
  /// The slots whose rows are to be stored, in the order of their first changes. Their rows are here.
  private var unwritten: [SlotID] = []

  init(capacity: Int) {
    self.capacity = capacity
  }

  subscript(id: SlotID) -> HotSlot? { slots[id] }
  subscript(id: TaskID) -> TaskRecord? { tasks[id] }

  mutating func keep(_ task: TaskRecord) {
    guard (task.ownParam?.count ?? 0) <= HotRows.largestRow else { return }
    tasks[task.id] = task
  }

  mutating func forget(_ task: TaskID) {
    guard let shards = tasks.removeValue(forKey: task)?.template.value.shardCount else { return }
    for shard in 0..<shards { slots[SlotID(task: task, shard: shard)] = nil }
  }

  /// Makes room before a transaction, when everything is stored.
  mutating func trim() {
    precondition(unwritten.isEmpty, "a row that is not stored yet would be lost")
    if slots.count > capacity { slots.removeAll(keepingCapacity: true) }
    if tasks.count > capacity { tasks.removeAll(keepingCapacity: true) }
  }

  /// Takes a change that is to be stored later; `false` when the row is not here.
  mutating func change(_ row: SlotRow) -> Bool {
    guard let place = slots.index(forKey: row.slot.id) else { return false }
    if !slots.values[place].isUnwritten { unwritten.append(row.slot.id) }
    slots.values[place].isUnwritten = true
    slots.values[place].row = row
    return true
  }

  /// The slots to be stored now, each once, as they are to be stored.
  mutating func takeUnwritten() -> [HotSlot] {
    defer { unwritten = [] }
    return unwritten.map { id in
      guard let changed = slots[id] else {
        preconditionFailure("the row of \(id) was let go of before it was stored")
      }
      return changed
    }
  }

  mutating func keep(_ row: SlotRow, _ columns: SlotColumns, number: Int64) {
    let id = row.slot.id
    guard !row.slot.state.isFinal, row.history.bytes.count <= HotRows.largestRow else {
      slots[id] = nil
      if row.slot.state.isFinal, id.shard == 0 { tasks[id.task] = nil }
      return
    }
    slots[id] = HotSlot(row: row, columns: columns, number: number)
  }
}

/// Triggers and their parsed rules, as long as they stay the same. Bounded like `HotRows`.
struct TriggerCache {
  private static let capacity = 4096

  private var triggers: [TriggerID: Trigger] = [:]
  private var recurrences: [TriggerID: (of: Trigger, recurrence: Recurrence)] = [:]

  subscript(id: TriggerID) -> Trigger? {
    get { triggers[id] }
    set {
      if triggers.count >= TriggerCache.capacity { triggers.removeAll(keepingCapacity: true) }
      triggers[id] = newValue
    }
  }

  mutating func recurrence(of trigger: Trigger) throws(StoreError) -> Recurrence {
    if let kept = recurrences[trigger.id], kept.of.recursLike(trigger) { return kept.recurrence }
    let recurrence = try trigger.recurrence()
    if recurrences.count >= TriggerCache.capacity { recurrences.removeAll(keepingCapacity: true) }
    recurrences[trigger.id] = (trigger, recurrence)
    return recurrence
  }
}
