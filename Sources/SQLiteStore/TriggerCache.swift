import Engine
import Store

/// Triggers and their parsed rules, as long as they stay the same. Bounded: when full, it starts anew.
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
