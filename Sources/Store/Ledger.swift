package import Engine

/// The rows of a store, as one transaction sees and changes them.
///
/// A store that keeps this protocol gets the write operations of `Store` from the extensions beside it,
/// so that every store decides alike. Rows are loaded, a rule of the engine decides, rows are saved.
package protocol Ledger: AnyObject {
  associatedtype Entry: SlotEntry

  /// The time of this transaction, by the store's clock.
  var now: Timestamp { get }
  /// What the transaction has changed so far.
  var commit: Commit { get set }
  /// Changes were made; a number that was handed out is never handed out again.
  func nextSequence() -> Int64
  func nextEpoch() -> Epoch
  func newID() -> UUIDv7
  /// Identifiers of tasks rise; `shards` is how many slots the task will have.
  func newTaskID(shards: Int) -> TaskID
  /// From 0 up to 1.
  func jitter() -> Double
  /// Runs `body` so that what it wrote is undone when it throws.
  func undoably(_ body: () throws(StoreError) -> Void) throws(StoreError)
  /// The parsed rule of a trigger; kept between transactions where that saves time.
  func recurrence(of trigger: Trigger) throws(StoreError) -> Recurrence

  func share(_ draft: TemplateDraft) throws(StoreError) -> SharedTemplate
  /// What the tasks of a trigger have in common; kept between transactions where that saves time.
  func template(of trigger: Trigger) throws(StoreError) -> SharedTemplate

  /// Adds one slot of a task; they come in the order of their shards.
  func insert(_ row: SlotRow, of task: TaskRecord) throws(StoreError)
  func slot(_ id: SlotID) throws(StoreError) -> Entry?
  /// By shard; empty when there is no such task.
  func slots(of task: TaskID) throws(StoreError) -> [Entry]
  /// Changes a row; it is taken back with the transaction.
  func change(_ entry: Entry, _ body: (inout SlotRow) -> Void)
  /// Brings up to date what others read beside the ledger.
  func settle() throws(StoreError)

  func trigger(_ id: TriggerID) throws(StoreError) -> Trigger?
  func trigger(namespace: String, name: String) throws(StoreError) -> Trigger?
  func insert(_ trigger: Trigger) throws(StoreError)
  func update(_ trigger: Trigger) throws(StoreError)
  func delete(_ trigger: Trigger) throws(StoreError)
  /// The tasks of a trigger that are not final.
  func liveTasks(of trigger: TriggerID) throws(StoreError) -> [TaskID]
  /// The tasks of which a slot is held, for whatever reason, by id after `cursor`.
  func heldTasks(after cursor: TaskID?, limit: Int) throws(StoreError) -> [TaskID]
  /// Whether the schedule already made a task for this instant.
  func hasTask(_ trigger: TriggerID, nominalAt: Timestamp) throws(StoreError) -> Bool
  func insert(_ skip: Skip) throws(StoreError)

  func namespace(_ name: String) throws(StoreError) -> Namespace?
  func insert(_ namespace: Namespace) throws(StoreError)
  func update(_ namespace: Namespace) throws(StoreError)
  func delete(_ namespace: Namespace) throws(StoreError)
  /// Whether anything lives in the namespace: a trigger, or a task that is not final.
  func isInUse(_ namespace: String) throws(StoreError) -> Bool

  /// What was remembered under a key less than a day ago.
  func remembered(_ key: String, in namespace: String) throws(StoreError) -> Remembered?
  func remember(_ answer: Remembered, as key: String, in namespace: String) throws(StoreError)

  /// Keeps log lines, up to `LogLine.bound` for each run.
  func append(_ lines: [LogLine]) throws(StoreError)
  /// Drops final tasks that ended before `time`, and those beyond the newest `keepingPerTrigger`.
  func dropTasks(
    endedBefore time: Timestamp,
    keepingPerTrigger: Int,
    limit: Int
  )
    throws(StoreError) -> Int
}

extension Ledger {
  package func task(_ id: TaskID) throws(StoreError) -> TaskRecord? {
    try slot(SlotID(task: id, shard: 0))?.task
  }

  package func detail(_ id: TaskID) throws(StoreError) -> TaskDetail? {
    let slots = try slots(of: id)
    return slots.first.map { TaskDetail(task: $0.task, slots: slots.map(\.row)) }
  }
}

/// The first answer to a request with an idempotency key.
package struct Remembered: Sendable, Hashable {
  package let body: [UInt8]
  /// The task or the trigger that the request made.
  package let subject: UUIDv7

  package init(body: [UInt8], subject: UUIDv7) {
    self.body = body
    self.subject = subject
  }
}
