package import Engine
package import Store

/// All rows of a `MemoryStore`. A value, so that keeping a copy is enough to undo.
package struct MemoryTables: Sendable {
  var namespaces: [String: Namespace] = [:]
  var templates: [TaskTemplate: SharedTemplate] = [:]
  package internal(set) var tasks: [TaskID: TaskRecord] = [:]
  package internal(set) var slots: [TaskID: [SlotRow]] = [:]
  /// Slots that were not yet ready when they last moved, and when they will be.
  var delayed: [SlotID: Timestamp] = [:]
  package internal(set) var triggers: [TriggerID: Trigger] = [:]
  package internal(set) var skips: [NumberedSkip] = []
  var remembered: [RequestKey: (answer: Remembered, at: Timestamp)] = [:]
  var log: [NumberedLine] = []
  var logSizes: [RunID: Int] = [:]
  package internal(set) var journal: [JournalEntry] = []
  /// Names skips and log lines.
  var lastNumber: UInt64 = 0

  struct RequestKey: Hashable {
    let namespace: String
    let key: String
  }

  package struct NumberedSkip: Sendable {
    package let number: UInt64
    package let skip: Skip

    var place: FirePlace { FirePlace(at: skip.from, id: UUIDv7(high: 0, low: number)) }
  }

  struct NumberedLine {
    let number: UInt64
    var line: LogLine
    /// How many lines this one stands for, when it tells of lines that were dropped.
    var dropped = 0
  }

  /// The oldest entries go when there are more.
  static let journalBound = 100_000

  mutating func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  package func detail(_ id: TaskID) -> TaskDetail? {
    tasks[id].map { TaskDetail(task: $0, slots: slots[id] ?? []) }
  }

  package func isFinal(_ id: TaskID) -> Bool {
    (slots[id] ?? []).allSatisfy(\.slot.state.isFinal)
  }

  /// When the last of a task's slots ended.
  func endedAt(_ id: TaskID) -> Timestamp {
    (slots[id] ?? []).compactMap(\.history.lastMoveAt).max() ?? Timestamp(microseconds: 0)
  }
}
