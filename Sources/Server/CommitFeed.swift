package import Engine
import PlatformLogging
import PlatformRuntime
package import Store
import Synchronization

/// What the store calls: it hands each commit to matching, to the timekeepers and to those who follow
/// events, in the order of the commits.
package final class CommitFeed: Matching {
  private let dispatcher: Dispatcher
  private let events: EventHub
  private let metrics: ServerMetrics
  private let clocks: Clocks
  private let attached: Attached
  let triggers: Timekeeper<DueTrigger>
  let delayed: Timekeeper<DelayedSlot>

  /// The store comes after the feed that it is opened with.
  private final class Attached: Sendable {
    private let held = Mutex<(any Store)?>(nil)

    var store: any Store {
      get throws(StoreError) {
        guard let store = held.withLock({ $0 }) else {
          throw StoreError(.unavailable, "the store is not open yet")
        }
        return store
      }
    }

    func attach(_ store: any Store) {
      held.withLock { $0 = store }
    }
  }

  init(dispatcher: Dispatcher, events: EventHub, metrics: ServerMetrics, clocks: Clocks) {
    self.dispatcher = dispatcher
    self.events = events
    self.metrics = metrics
    self.clocks = clocks
    let attached = Attached()
    self.attached = attached
    let logger = Logger(label: "tompion.trigger")
    triggers = Timekeeper(named: "trigger", clocks: clocks) { after, through, limit in
      try await attached.store.dueTriggers(after: after, through: through, limit: limit)
    } act: { due in
      do throws(StoreError) {
        try await attached.store.fire(due.triggers)
      } catch {
        // A rule that cannot be read stays so, and must not hold up the others: these have fired.
        guard error.code == .invalid else { throw error }
        logger.error("cannot fire a trigger", metadata: ["error": "\(error)"])
      }
    }
    delayed = Timekeeper(named: "delayed", clocks: clocks) { after, through, limit in
      try await attached.store.delayedSlots(after: after, through: through, limit: limit)
    } act: { due in
      dispatcher.ready(due.map(\.slot))
    }
  }

  func attach(_ store: any Store) {
    attached.attach(store)
  }

  package func bind(after changes: [SlotChange]) -> [SlotCommand] {
    dispatcher.bind(after: changes)
  }

  package func undone(_ bindings: [SlotCommand]) {
    dispatcher.undone(bindings)
  }

  package func committed(_ commit: Commit) {
    dispatcher.committed(commit)
    events.committed(commit)
    for trigger in commit.dueTriggers { triggers.note(trigger) }
    for slot in commit.delayedSlots { delayed.note(slot) }
    metrics.committed(commit, at: clocks.wall())
  }
}

extension Commit {
  /// The fires it planned.
  package var dueTriggers: [DueTrigger] {
    planned.compactMap { trigger, at in at.map { DueTrigger(at: $0, trigger: trigger) } }
  }

  /// The slots it left waiting for their time.
  package var delayedSlots: [DelayedSlot] {
    postponed
      + changes.compactMap { change in
        guard let readyAt = change.slot.readyAt, readyAt > change.move.at else { return nil }
        return DelayedSlot(at: readyAt, slot: ReadySlot(change))
      }
  }
}

extension ReadySlot {
  /// The slot after a change, as matching queues it.
  init(_ change: SlotChange) {
    self.init(
      id: change.slot.id,
      order: change.task.order,
      template: change.task.template,
      paramBytes: change.task.ownParam?.count
    )
  }
}

extension [DueTrigger] {
  /// Each trigger once, the earliest first.
  ///
  /// A trigger is noted with every commit that saves it, so a fire may be in the timetable many times.
  /// Carried out once, it is noted once: what gathered is gone.
  package var triggers: [TriggerID] {
    var known: Set<TriggerID> = []
    return compactMap { known.insert($0.trigger).inserted ? $0.trigger : nil }
  }
}

extension DueTrigger: TimetableEntry {
  package static func last(at: Timestamp) -> DueTrigger {
    DueTrigger(at: at, trigger: TriggerID(.last))
  }

  /// The end of the hour: a store need not note each fire in an index, only in which hour it lies.
  package static func horizon(at now: Timestamp) -> Timestamp {
    (now + Timetable<Self>.reach).endOfHour
  }

  package static var stretchLimit: Int { .max }
}

extension DelayedSlot: TimetableEntry {
  package static func last(at: Timestamp) -> DelayedSlot {
    let template = SharedTemplate(number: 0, value: TaskTemplate(namespace: "", handler: ""))
    let slot = SlotID(task: TaskID(.last), shard: .max)
    return DelayedSlot(at: at, slot: ReadySlot(id: slot, order: 0, template: template))
  }
}

extension UUIDv7 {
  /// Sorts behind every other.
  fileprivate static let last = UUIDv7(high: .max, low: .max)
}
