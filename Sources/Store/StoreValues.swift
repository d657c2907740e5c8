package import Engine

/// One event for one slot, and what it is conditional on.
package struct SlotCommand: Sendable, Hashable {
  package var slot: SlotID
  package var event: SlotEvent
  package var fence: Fence?

  package init(_ slot: SlotID, _ event: SlotEvent, fence: Fence?) {
    self.slot = slot
    self.event = event
    self.fence = fence
  }
}

/// What became of a command.
package enum Verdict: Sendable, Hashable {
  case moved
  case refused(Refusal)
}

/// A template that somebody asks for; the store may have one like it.
package final class TemplateDraft: Sendable {
  package let value: TaskTemplate

  package init(_ value: TaskTemplate) {
    self.value = value
  }
}

/// A task that somebody asks for.
package struct Submission: Sendable {
  /// Submissions that share the object are told apart from others at a glance.
  package var draft: TemplateDraft
  /// `nil` takes the template's.
  package var param: [UInt8]?
  /// When it is to run; the moment of the submission when `nil`.
  package var at: Timestamp?
  package var idempotency: IdempotencyKey?
  package var rerunOf: TaskID?

  package init(_ draft: TemplateDraft) {
    self.draft = draft
  }

  package init(template: TaskTemplate) {
    self.init(TemplateDraft(template))
  }

  package var template: TaskTemplate {
    get { draft.value }
    set { draft = TemplateDraft(newValue) }
  }
}

/// What a submission came to.
package enum SubmissionAnswer: Sendable, Hashable {
  case created(TaskID)
  /// The same request was answered before; its task.
  case repeated(TaskID)
  case refused(StoreError.Code)
}

/// What makes the repeat of a request recognisable for a day.
package struct IdempotencyKey: Sendable, Hashable {
  package let key: String
  /// A hash of the request: the same key with another body is refused.
  package let body: [UInt8]

  package init(key: String, body: [UInt8]) {
    self.key = key
    self.body = body
  }

  package static let lifetime: Duration = .seconds(24 * 3600)
}

/// A trigger that somebody asks for.
package struct TriggerDraft: Sendable {
  package var namespace: String
  package var name: String
  package var definition: TriggerDefinition
  package var isOnline: Bool

  package init(namespace: String, name: String, definition: TriggerDefinition, isOnline: Bool) {
    self.namespace = namespace
    self.name = name
    self.definition = definition
    self.isOnline = isOnline
  }
}

/// One change to one trigger.
package struct TriggerChange: Sendable {
  package var namespace: String
  package var name: String
  /// The revision the caller saw; `nil` takes any.
  package var revision: Int64?
  package var action: Action

  package enum Action: Sendable {
    case redefine(TriggerDefinition, isOnline: Bool?)
    case online
    case offline
    case delete
  }

  package init(namespace: String, name: String, revision: Int64?, action: Action) {
    self.namespace = namespace
    self.name = name
    self.revision = revision
    self.action = action
  }
}

/// A trigger and its next fire.
package struct DueTrigger: Sendable, Hashable, Comparable {
  package let at: Timestamp
  package let trigger: TriggerID

  package init(at: Timestamp, trigger: TriggerID) {
    self.at = at
    self.trigger = trigger
  }

  package static func < (first: DueTrigger, second: DueTrigger) -> Bool {
    (first.at, first.trigger) < (second.at, second.trigger)
  }
}

/// A slot that waits for its time.
package struct DelayedSlot: Sendable {
  package let at: Timestamp
  package let slot: ReadySlot

  package init(at: Timestamp, slot: ReadySlot) {
    self.at = at
    self.slot = slot
  }
}

/// A slot that some worker has in hand, and its task.
package struct SlotInHand: Sendable {
  package let slot: Slot
  package let task: TaskRecord

  package init(slot: Slot, task: TaskRecord) {
    self.slot = slot
    self.task = task
  }
}

/// Isolation: equal names in two namespaces never meet.
package struct Namespace: Sendable, Hashable {
  package var name: String
  package var description: String
  package var revision: Int64
  package var createdAt: Timestamp

  package init(name: String, description: String, revision: Int64 = 1, createdAt: Timestamp) {
    self.name = name
    self.description = description
    self.revision = revision
    self.createdAt = createdAt
  }
}

/// One row of a trigger's ledger: a fire that became a task, or a stretch that did not.
package enum Fire: Sendable {
  case task(TaskDetail)
  case skip(Skip)

  /// The nominal time, the first of a stretch.
  package var at: Timestamp {
    switch self {
    case .task(let detail): detail.task.nominalAt
    case .skip(let skip): skip.from
    }
  }
}

/// A task with its slots and all that happened to them.
package struct TaskDetail: Sendable {
  package let task: TaskRecord
  /// By shard.
  package let slots: [SlotRow]

  package init(task: TaskRecord, slots: [SlotRow]) {
    self.task = task
    self.slots = slots
  }

  package var state: TaskState { TaskState(ofSlots: slots.map(\.slot.state)) }
}

/// Which tasks to list, newest first; `nil` is any.
package struct TaskFilter: Sendable {
  package var namespace: String
  package var trigger: TriggerID?
  package var handler: String?
  package var state: TaskState?

  package init(namespace: String) {
    self.namespace = namespace
  }
}

/// One line that a handler logged.
package struct LogLine: Sendable, Hashable {
  package var run: RunID
  package var at: Timestamp
  package var level: String
  package var message: String
  package var metadata: [String: String]

  package init(
    run: RunID,
    at: Timestamp,
    level: String,
    message: String,
    metadata: [String: String]
  ) {
    self.run = run
    self.at = at
    self.level = level
    self.message = message
    self.metadata = metadata
  }
}

extension LogLine {
  /// How many bytes of log one run may leave; what comes after is counted.
  package static let bound = 1024 * 1024
  /// How many bytes of one message are kept.
  package static let longestMessage = 8 * 1024

  /// What the line takes of the bound.
  package var size: Int {
    metadata.reduce(level.utf8.count + message.utf8.count + 16) { size, pair in
      size + pair.key.utf8.count + pair.value.utf8.count
    }
  }

  /// The line with a message that is not too long.
  package var shortened: LogLine {
    guard message.utf8.count > LogLine.longestMessage else { return self }
    var line = self
    line.message = String(decoding: message.utf8.prefix(LogLine.longestMessage), as: UTF8.self)
    return line
  }

  /// The last line of a run that logged too much.
  package static func dropped(_ count: Int, of run: RunID, at time: Timestamp) -> LogLine {
    let message = count == 1 ? "1 line dropped" : "\(count) lines dropped"
    return LogLine(run: run, at: time, level: "warning", message: message, metadata: [:])
  }
}

/// A part of a longer list.
package struct PageRequest: Sendable, Hashable {
  package var limit: Int
  /// Where the page before ended; `nil` for the first.
  package var cursor: [UInt8]?

  package init(limit: Int, cursor: [UInt8]? = nil) {
    self.limit = limit
    self.cursor = cursor
  }
}

/// A part of a longer list, and where the next begins.
///
/// A page may be shorter than asked for; only `next == nil` says that the list ends.
package struct Page<Element: Sendable>: Sendable {
  package var elements: [Element]
  package var next: [UInt8]?

  package init(elements: [Element], next: [UInt8]?) {
    self.elements = elements
    self.next = next
  }
}

/// How a store is.
package struct StoreStatus: Sendable {
  package var name: String
  package var version: String
  /// The upper half of the epochs handed out.
  package var generation: UInt32
  /// Why nothing can be written now, as when the disk is full; `nil` when all is well.
  package var trouble: String?
  package var lastSequence: Int64

  package init(
    name: String,
    version: String,
    generation: UInt32,
    trouble: String?,
    lastSequence: Int64
  ) {
    self.name = name
    self.version = version
    self.generation = generation
    self.trouble = trouble
    self.lastSequence = lastSequence
  }
}

/// Why a store could not do what it was asked.
package struct StoreError: Error, Sendable, CustomStringConvertible {
  package enum Code: Sendable, Hashable {
    case notFound
    /// The name is taken, or the thing is in use.
    case conflict
    /// Somebody else changed it since the revision the caller saw.
    case stale
    /// The idempotency key was used with another body.
    case keyReused
    /// The store cannot write now; trying again later may succeed.
    case unavailable
    /// A request that no rule allows, as an impossible schedule.
    case invalid
    /// The store is damaged; a person must look.
    case corrupt
    /// Another process has the store, or a newer version wrote it.
    case locked
  }

  package let code: Code
  package let message: String
  /// What the layer below reported.
  package let cause: (any Error)?

  package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  package var description: String {
    cause.map { "\(message): \($0)" } ?? message
  }
}
