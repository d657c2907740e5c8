package import Engine

/// What every store promises: whole operations, each all or nothing, durable when answered.
///
/// Operations that arrive together may share one commit; one that fails is undone alone. After each
/// commit, and before anybody is answered, the store tells its `Matching` what changed, in the order in
/// which it was committed.
package protocol Store: Sendable {
  // MARK: Moving slots

  /// Applies each command by itself; the answers are in the order of the commands.
  ///
  /// `reply` is called once, after the commit, on a thread of the store: it must not block.
  func apply(_ commands: [SlotCommand], reply: @escaping Reply<[Verdict]>)

  /// Creates tasks, each by itself; the answers are in the order of the submissions.
  func submit(_ submissions: [Submission], reply: @escaping Reply<[SubmissionAnswer]>)

  /// Carries out what these triggers owe by now; those that owe nothing are left alone.
  func fire(_ triggers: [TriggerID], reply: @escaping Reply<Void>)

  /// Runs matching in a transaction of its own, if nothing else is about to.
  func stir()

  // MARK: What the scheduler plans from

  /// Triggers with a next fire, by (time, id), after `cursor` and up to `through`.
  func dueTriggers(
    after cursor: DueTrigger?,
    through: Timestamp,
    limit: Int
  ) async throws(StoreError)
    -> [DueTrigger]

  /// The first ready slots of a queue in its order, those ready by `readyBy`.
  func readySlots(
    _ queue: QueueKey,
    readyBy: Timestamp,
    limit: Int
  ) async throws(StoreError)
    -> [ReadySlot]

  /// The queues that have slots which are not final.
  func liveQueues() async throws(StoreError) -> [QueueKey]

  /// Slots that wait for their time, by (time, id), after `cursor` and up to `through`.
  func delayedSlots(
    after cursor: DelayedSlot?,
    through: Timestamp,
    limit: Int
  )
    async throws(StoreError) -> [DelayedSlot]

  /// Slots that some worker has in hand.
  func slotsInHand() async throws(StoreError) -> [SlotInHand]

  /// Slots that are not running and whose queue or total limit has passed.
  func overdueSlots(at now: Timestamp, limit: Int) async throws(StoreError) -> [SlotCommand]

  /// Triggers that are online, by id after `cursor`: for the watchdog.
  func onlineTriggers(after cursor: TriggerID?, limit: Int) async throws(StoreError) -> [Trigger]

  // MARK: Namespaces

  func namespaces(_ page: PageRequest) async throws(StoreError) -> Page<Namespace>
  func namespace(_ name: String) async throws(StoreError) -> Namespace?
  func create(_ namespace: Namespace) async throws(StoreError)
  /// `revision` is the one the caller saw; `nil` takes any.
  func update(_ namespace: Namespace, revision: Int64?) async throws(StoreError) -> Namespace
  /// Refused while the namespace has triggers or tasks that are not final.
  func deleteNamespace(_ name: String, revision: Int64?) async throws(StoreError)

  // MARK: Triggers

  func triggers(namespace: String, _ page: PageRequest) async throws(StoreError) -> Page<Trigger>
  func trigger(namespace: String, name: String) async throws(StoreError) -> Trigger?
  func create(
    _ draft: TriggerDraft,
    idempotency: IdempotencyKey?
  ) async throws(StoreError) -> Trigger
  func change(_ change: TriggerChange) async throws(StoreError) -> Trigger
  func fires(of trigger: TriggerID, _ page: PageRequest) async throws(StoreError) -> Page<Fire>

  // MARK: Tasks

  func tasks(_ filter: TaskFilter, _ page: PageRequest) async throws(StoreError) -> Page<TaskDetail>
  func task(_ id: TaskID) async throws(StoreError) -> TaskDetail?
  /// A client asks all slots of a task to move; those that refuse are left.
  func command(_ task: TaskID, _ event: SlotEvent) async throws(StoreError) -> [Verdict]
  func log(of task: TaskID, _ page: PageRequest) async throws(StoreError) -> Page<LogLine>
  /// Keeps log lines; losing the last few at a crash is accepted.
  func append(_ lines: [LogLine]) async throws(StoreError)

  // MARK: Changes

  /// Committed changes with a sequence above `sequence`, oldest first.
  func changes(after sequence: Int64, limit: Int) async throws(StoreError) -> [JournalEntry]
  /// The sequences that the journal still holds; `nil` while it is empty.
  func journalRange() async throws(StoreError) -> ClosedRange<Int64>?

  // MARK: Upkeep

  /// Drops at most `limit` final tasks that ended before `time`; returns how many.
  func dropTasks(
    endedBefore time: Timestamp,
    keepingPerTrigger: Int,
    limit: Int
  )
    async throws(StoreError) -> Int
  /// Frees triggers from tasks that are final or gone; returns those that were stuck.
  func mend(_ triggers: [TriggerID]) async throws(StoreError) -> [TriggerID]
  /// Lets go held tasks without a living blocker, among the next `limit` held ones after `cursor`;
  /// returns them, and where to go on unless these were the last.
  func mendHeldTasks(
    after cursor: TaskID?,
    limit: Int
  ) async throws(StoreError) -> (released: [TaskID], last: TaskID?)
  func status() async -> StoreStatus
  /// Finishes what was begun; nothing may be asked of the store afterwards.
  func close() async
}

/// How a store answers.
package typealias Reply<Answer> = @Sendable (Result<Answer, StoreError>) -> Void

/// Who binds ready slots to workers, inside the transactions of the store.
package protocol Matching: Sendable {
  /// Called before each commit with what has changed in it: the slots to bind along with it.
  ///
  /// A slot that refuses is reported to `committed` as it was.
  func bind(after changes: [SlotChange]) -> [SlotCommand]

  /// Called after each commit, in the order of the commits.
  func committed(_ commit: Commit)

  /// The transaction was undone: what `bind` returned for it did not happen.
  func undone(_ bindings: [SlotCommand])
}

/// What one transaction changed.
package struct Commit: Sendable {
  package var changes: [SlotChange] = []
  /// Triggers whose next fire is another than before; `nil` when they have none.
  package var planned: [(trigger: TriggerID, at: Timestamp?)] = []
  /// Moves that were refused, by reason; what was merely asked again is not among them.
  package var refusals: [Refusal: Int] = [:]
  /// Bindings that the slots refused.
  package var unbound: [SlotCommand] = []
  /// Those among them whose time had not come, by the store's clock.
  package var postponed: [DelayedSlot] = []

  package init() {}
}

/// One slot after one move, or newly created. An object, since many look at it.
package final class SlotChange: Sendable {
  package let slot: Slot
  package let task: TaskRecord
  package let move: SlotMove
  /// Grows by one with each change of the store.
  package let sequence: Int64

  package init(slot: Slot, task: TaskRecord, move: SlotMove, sequence: Int64) {
    self.slot = slot
    self.task = task
    self.move = move
    self.sequence = sequence
  }
}
