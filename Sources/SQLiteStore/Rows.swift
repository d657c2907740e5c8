import Engine
import PlatformSQLite
import Store

/// Where a slot is found: the indexed columns of its row.
struct SlotColumns: Equatable {
  var place: Int
  /// When it may go out, if that lay ahead when it last moved.
  var delayedUntil: Timestamp?
  var deadline: Timestamp?

  init(place: Int, delayedUntil: Timestamp?, deadline: Timestamp?) {
    self.place = place
    self.delayedUntil = delayedUntil
    self.deadline = deadline
  }

  init(of entry: KeptSlot, at now: Timestamp) {
    let row = entry.row
    place =
      switch row.slot.phase {
      case .waiting: 0
      case .offered, .running, .stopping: 1
      case .held: 2
      case .completed: 3
      case .faulted: 4
      case .canceled: 5
      }
    // What waited for its time goes on being found, as after a clock that was set back.
    let isKept = entry.stored?.delayedUntil != nil && entry.stored?.delayedUntil == row.slot.readyAt
    delayedUntil = isKept ? row.slot.readyAt : row.delayedUntil(at: now)
    deadline = row.deadline
  }
}

extension Statement {
  func bind(_ index: Int, _ id: UUIDv7) throws(SQLiteError) {
    try bind(index, high: id.high, low: id.low)
  }

  func bind(_ index: Int, _ id: UUIDv7?) throws(SQLiteError) {
    guard let id else { return try bindNull(index) }
    try bind(index, id)
  }

  func bind(_ index: Int, _ time: Timestamp) throws(SQLiteError) {
    try bind(index, time.microseconds)
  }

  func bind(_ index: Int, _ time: Timestamp?) throws(SQLiteError) {
    try bind(index, time?.microseconds)
  }

  func uuid(_ column: Int) -> UUIDv7? {
    pair(column).map { UUIDv7(high: $0.high, low: $0.low) }
  }

  func time(_ column: Int) -> Timestamp {
    Timestamp(microseconds: int64(column))
  }

  func optionalTime(_ column: Int) -> Timestamp? {
    optionalInt64(column).map { Timestamp(microseconds: $0) }
  }
}

/// Rows as the rules know them. The first column of each is given; the others follow in order.
extension Statement {
  /// Columns: shard, body, history, result, deadline.
  func slotRow(of task: TaskID, from column: Int = 0) throws(StoreError) -> SlotRow {
    let id = SlotID(task: task, shard: int(column))
    guard let slot = Slot(id: id, bytes: blob(column + 1) ?? []) else {
      throw .damaged("the slot \(id)")
    }
    return SlotRow(
      slot: slot,
      history: SlotHistory(bytes: blob(column + 2) ?? []),
      result: blob(column + 3),
      deadline: optionalTime(column + 4)
    )
  }

  /// Columns: nominal_at, manual, created_at, param, missed, rerun_of.
  func taskRecord(_ id: TaskID, _ template: SharedTemplate, from column: Int) -> TaskRecord {
    TaskRecord(
      id: id,
      template: template,
      nominalAt: time(column),
      createdAt: time(column + 2),
      ownParam: blob(column + 3),
      isManual: bool(column + 1),
      missed: int(column + 4),
      rerunOf: uuid(column + 5).map { TaskID($0) }
    )
  }

  /// Columns: id, namespace, name, revision, created_at, updated_at, state, definition.
  func trigger() throws(StoreError) -> Trigger {
    guard let id = uuid(0), let namespace = text(1), let name = text(2),
      let state = Trigger.State(bytes: blob(6) ?? []),
      let definition = TriggerDefinition(bytes: blob(7) ?? [])
    else { throw .damaged("the trigger \(text(2) ?? "")") }
    var trigger = Trigger(
      id: TriggerID(id),
      namespace: namespace,
      name: name,
      definition: definition,
      createdAt: time(4),
      state: state
    )
    trigger.revision = int64(3)
    trigger.updatedAt = time(5)
    return trigger
  }

  /// Columns: name, description, revision, created_at.
  func namespace() -> Namespace {
    Namespace(
      name: text(0) ?? "",
      description: text(1) ?? "",
      revision: int64(2),
      createdAt: time(3)
    )
  }
}
