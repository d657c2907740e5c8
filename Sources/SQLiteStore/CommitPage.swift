import Engine
import Store

/// The slots and the triggers that one commit changed, packed into one row of the journal.
///
/// A page holds enough to bring rows up to date again after a crash, and every move for those who
/// follow what happens.
struct CommitPage {
  /// In the order of their first changes.
  private(set) var slots: [Delta] = []
  /// In the order of their changes; the last of a trigger counts.
  private(set) var triggers: [(trigger: TriggerID, state: Trigger.State)] = []

  /// What one commit did to one slot.
  struct Delta {
    let slot: Slot
    let template: Int64
    /// What the task is, in the delta that makes its first slot.
    var record: Record?
    /// How much of the history there was before.
    let historyCount: Int
    /// The entries that were added, packed as in the history.
    let entries: [UInt8]
    /// What the accepted run returned, when the commit accepted it.
    var result: [UInt8]?
    let deadline: Timestamp?
    /// Whether the commit made the slot.
    var isNew = false
  }

  /// A task's record without its identity and its template.
  struct Record {
    let nominalAt: Timestamp
    let createdAt: Timestamp
    let isManual: Bool
    let missed: Int
    let ownParam: [UInt8]?
    let rerunOf: TaskID?
  }

  private struct Flags: OptionSet {
    let rawValue: UInt8

    static let isNew = Flags(rawValue: 1)
    static let hasRecord = Flags(rawValue: 2)
    static let hasResult = Flags(rawValue: 4)
    static let hasDeadline = Flags(rawValue: 8)
    static let isManual = Flags(rawValue: 16)
    static let hasParam = Flags(rawValue: 32)
    static let isRerun = Flags(rawValue: 64)
    /// A trigger's state follows, and no slot.
    static let isTrigger = Flags(rawValue: 128)
  }

  // MARK: Writing

  static func append(_ change: LiveSlots.Change, to page: inout [UInt8]) {
    let (entry, task) = (change.entry, change.entry.task)
    let hasRecord = change.isNew && entry.row.slot.id.shard == 0
    let result = entry.row.result
    let hasResult = result != nil && change.result != result
    let deadline = entry.row.deadline
    var flags: Flags = []
    if change.isNew { flags.insert(.isNew) }
    if hasRecord { flags.formUnion([.hasRecord, self.flags(of: task)]) }
    if hasResult { flags.insert(.hasResult) }
    if deadline != nil { flags.insert(.hasDeadline) }
    page.append(flags.rawValue)
    page.append(task.id.uuid)
    page.append(varint: UInt64(entry.row.slot.id.shard))
    page.append(varint: UInt64(bitPattern: task.template.number))
    page.append(entry.row.slot)
    page.append(varint: UInt64(change.historyCount))
    page.append(counted: entry.row.history.bytes[change.historyCount...])
    if let deadline { page.append(deadline) }
    if hasRecord { append(task, to: &page) }
    if hasResult, let result { page.append(counted: result) }
  }

  static func append(_ state: Trigger.State, of trigger: TriggerID, to page: inout [UInt8]) {
    page.append(Flags.isTrigger.rawValue)
    page.append(trigger.uuid)
    page.append(counted: state.bytes[...])
  }

  private static func flags(of task: TaskRecord) -> Flags {
    var flags: Flags = []
    if task.isManual { flags.insert(.isManual) }
    if task.ownParam != nil { flags.insert(.hasParam) }
    if task.rerunOf != nil { flags.insert(.isRerun) }
    return flags
  }

  private static func append(_ task: TaskRecord, to page: inout [UInt8]) {
    page.append(task.nominalAt)
    page.append(task.createdAt)
    page.append(varint: UInt64(clamping: task.missed))
    if let param = task.ownParam { page.append(counted: param) }
    if let original = task.rerunOf { page.append(original.uuid) }
  }

  // MARK: Reading

  /// `nil` when the bytes make no sense.
  init?(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    while !reader.isAtEnd {
      guard let flags = reader.byte().map(Flags.init(rawValue:)) else { return nil }
      if flags.contains(.isTrigger) {
        guard let id = reader.uuid(),
          let state = reader.counted().flatMap(Trigger.State.init(bytes:))
        else { return nil }
        triggers.append((TriggerID(id), state))
      } else {
        guard let delta = CommitPage.delta(&reader, flags) else { return nil }
        slots.append(delta)
      }
    }
  }

  private static func delta(_ reader: inout ByteReader, _ flags: Flags) -> Delta? {
    guard let task = reader.uuid(), let shard = reader.int(), let template = reader.varint(),
      let slot = reader.slot(SlotID(task: TaskID(task), shard: shard)),
      let historyCount = reader.int(), let entries = reader.counted()
    else { return nil }
    var deadline: Timestamp?
    if flags.contains(.hasDeadline) {
      guard let time = reader.time() else { return nil }
      deadline = time
    }
    var delta = Delta(
      slot: slot,
      template: Int64(bitPattern: template),
      historyCount: historyCount,
      entries: entries,
      deadline: deadline
    )
    delta.isNew = flags.contains(.isNew)
    if flags.contains(.hasRecord) {
      guard let record = record(&reader, flags) else { return nil }
      delta.record = record
    }
    if flags.contains(.hasResult) {
      guard let result = reader.counted() else { return nil }
      delta.result = result
    }
    return delta
  }

  private static func record(_ reader: inout ByteReader, _ flags: Flags) -> Record? {
    guard let nominalAt = reader.time(), let createdAt = reader.time(), let missed = reader.int()
    else { return nil }
    var (param, original): ([UInt8]?, UUIDv7?)
    if flags.contains(.hasParam) {
      param = reader.counted()
      guard param != nil else { return nil }
    }
    if flags.contains(.isRerun) {
      original = reader.uuid()
      guard original != nil else { return nil }
    }
    return Record(
      nominalAt: nominalAt,
      createdAt: createdAt,
      isManual: flags.contains(.isManual),
      missed: missed,
      ownParam: param,
      rerunOf: original.map { TaskID($0) }
    )
  }
}

extension CommitPage {
  /// The moves of a page in the order in which they were made; `template` finds a template by its
  /// number. Moves of tasks whose template is gone are left out.
  static func moves(
    in bytes: [UInt8],
    template: (Int64) throws(StoreError) -> SharedTemplate?
  ) throws(StoreError) -> [JournalEntry] {
    guard let page = CommitPage(bytes) else { throw .damaged("a page of the journal") }
    var moves: [JournalEntry] = []
    for delta in page.slots {
      guard let template = try template(delta.template) else { continue }
      for case .move(let move, let sequence) in SlotHistory(bytes: delta.entries).entries {
        let id = delta.slot.id
        moves.append(
          JournalEntry(sequence: sequence, slot: id, template: template, move: move)
        )
      }
    }
    return moves.sorted { $0.sequence < $1.sequence }
  }
}
