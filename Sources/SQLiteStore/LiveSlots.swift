import Engine
import Store

/// The slots that the thread that writes has in memory: those whose rows are behind, and some more.
///
/// A change is made here and goes into the page of its commit; the row follows later, often once for
/// all the moves of a short life. Until then it stands in line to be settled, in the order of first
/// changes, so that one number says from where on the pages are still needed.
struct LiveSlots {
  /// How many are kept between transactions, apart from those to be settled.
  let capacity: Int

  private var slots: [Int64: KeptSlot] = [:]
  private var changes: [Change] = []
  private var line: [Unsettled] = []
  /// Those in front of this were settled before the open transaction; they leave the array now and then.
  private var head = 0
  /// Those in front of this are settled in the open transaction.
  private var settled = 0
  private var stretch = 0
  private var transaction = 0
  /// The page that the open transaction will have.
  private var page: Int64 = 0

  /// What a slot was before a change.
  struct Change {
    let entry: KeptSlot
    let slot: Slot
    let historyCount: Int
    let result: [UInt8]?
    let deadline: Timestamp?
    let isNew: Bool
  }

  private struct Unsettled {
    let entry: KeptSlot
    /// No page before this one has a change that the row lacks.
    let since: Int64
    /// What the row's columns were before it was settled.
    var before: SlotColumns?
  }

  /// Where a stretch of writing began.
  struct Mark {
    fileprivate let changes: Int
    fileprivate let line: Int
    fileprivate let settled: Int
  }

  init(capacity: Int) {
    self.capacity = capacity
  }

  // MARK: Looking in

  subscript(id: SlotID) -> KeptSlot? { slots[id.number] }

  /// How many stand in line to be settled.
  var unsettledCount: Int { line.count - settled }
  /// How many slots the open transaction has changed; one may count twice.
  var changeCount: Int { changes.count }

  func forEachUnsettled(_ body: (KeptSlot) -> Void) {
    for unsettled in line[settled...] { body(unsettled.entry) }
  }

  /// Whether the open transaction settles any.
  var hasSettled: Bool { settled > head }
  /// From this page on there are changes that rows lack; `nil` when there are none.
  var unsettledSince: Int64? { settled < line.count ? line[settled].since : nil }

  // MARK: Changes

  /// Starts a transaction, whose changes go into `page`.
  mutating func begin(page: Int64) {
    transaction += 1
    self.page = page
    trim()
    _ = mark()
  }

  /// Starts a stretch that can be undone by itself.
  mutating func mark() -> Mark {
    stretch += 1
    return Mark(changes: changes.count, line: line.count, settled: settled)
  }

  /// Keeps a slot that was read.
  mutating func keep(_ entry: KeptSlot) {
    slots[entry.number] = entry
  }

  mutating func insert(_ entry: KeptSlot) {
    slots[entry.number] = entry
    note(entry, isNew: true)
  }

  /// Remembers what a slot is, before it becomes something else.
  mutating func willChange(_ entry: KeptSlot) {
    guard entry.stretch != stretch else { return }
    note(entry, isNew: false)
  }

  private mutating func note(_ entry: KeptSlot, isNew: Bool) {
    entry.stretch = stretch
    changes.append(
      Change(
        entry: entry,
        slot: entry.row.slot,
        historyCount: isNew ? 0 : entry.row.history.bytes.count,
        result: entry.row.result,
        deadline: entry.row.deadline,
        isNew: isNew
      )
    )
    guard !entry.isUnsettled else { return }
    entry.isUnsettled = true
    line.append(Unsettled(entry: entry, since: page))
  }

  /// Takes back everything since `mark`.
  mutating func undo(to mark: Mark) {
    for change in changes[mark.changes...].reversed() {
      change.undo()
      guard change.isNew else { continue }
      slots[change.entry.number] = nil
    }
    changes.removeSubrange(mark.changes...)
    for place in max(mark.line, settled)..<line.count { line[place].entry.isUnsettled = false }
    for place in (mark.settled..<settled).reversed() {
      line[place].entry.stored = line[place].before
      line[place].entry.isUnsettled = place < mark.line
    }
    line.removeSubrange(mark.line...)
    settled = mark.settled
    stretch += 1
  }

  /// Each slot that the transaction has changed, once, with what it was at the start of it.
  mutating func forEachChanged(_ body: (Change) -> Void) {
    for change in changes where change.entry.page != transaction {
      change.entry.page = transaction
      body(change)
    }
  }

  // MARK: Settling

  /// The next slots in line, at most `limit`, whose rows are stored by `store`.
  mutating func settle(
    limit: Int,
    _ store: (KeptSlot) throws(StoreError) -> SlotColumns
  ) throws(StoreError) {
    let end = settled + min(limit, unsettledCount)
    while settled < end {
      let entry = line[settled].entry
      line[settled].before = entry.stored
      entry.stored = try store(entry)
      entry.isUnsettled = false
      entry.stretch = 0  // The row lacks what is changed from here on, in this stretch too.
      settled += 1
    }
  }

  /// The transaction is durable: what was settled in it may leave.
  mutating func committed(at now: Timestamp) {
    changes.removeAll(keepingCapacity: true)
    for place in head..<settled {
      let entry = line[place].entry
      guard !entry.isUnsettled, slots.count - unsettledCount > capacity || !entry.isWanted(at: now)
      else { continue }
      slots[entry.number] = nil
    }
    head = settled
    guard head >= 512 || head == line.count else { return }
    line.removeSubrange(..<head)
    (head, settled) = (0, 0)
  }

  /// Forgets the slots of a task that is no more.
  mutating func forget(_ task: TaskID, shards: Int) {
    for shard in 0..<shards { slots[SlotID(task: task, shard: shard).number] = nil }
  }

  /// Makes room, when slots that were only read have piled up.
  private mutating func trim() {
    guard slots.count > 2 * capacity + unsettledCount else { return }
    slots.removeAll(keepingCapacity: true)
    for unsettled in line[head...] { slots[unsettled.entry.number] = unsettled.entry }
  }
}

extension LiveSlots.Change {
  fileprivate func undo() {
    entry.row.slot = slot
    entry.row.history.truncate(to: historyCount)
    entry.row.result = result
    entry.row.deadline = deadline
    if !slot.state.isFinal { entry.endedAt = nil }
  }
}
