import Engine
import Store

/// Triggers and their parsed rules, as long as they stay the same. Bounded: when full, it starts anew.
struct TriggerCache {
  private static let capacity = 16_384

  private var triggers: [TriggerID: Trigger] = [:]
  private var templates: [TriggerID: (revision: Int64, template: SharedTemplate)] = [:]
  private var recurrences: [TriggerID: (of: Trigger, recurrence: Recurrence)] = [:]

  subscript(id: TriggerID) -> Trigger? {
    get { triggers[id] }
    set {
      if triggers.count >= TriggerCache.capacity { triggers.removeAll(keepingCapacity: true) }
      triggers[id] = newValue
    }
  }

  /// As long as the trigger's revision stays the same.
  func template(of trigger: Trigger) -> SharedTemplate? {
    guard let kept = templates[trigger.id], kept.revision == trigger.revision else { return nil }
    return kept.template
  }

  mutating func keep(_ template: SharedTemplate, of trigger: Trigger) {
    if templates.count >= TriggerCache.capacity { templates.removeAll(keepingCapacity: true) }
    templates[trigger.id] = (trigger.revision, template)
  }

  mutating func recurrence(of trigger: Trigger) throws(StoreError) -> Recurrence {
    if let kept = recurrences[trigger.id], kept.of.recursLike(trigger) { return kept.recurrence }
    let recurrence = try trigger.recurrence()
    if recurrences.count >= TriggerCache.capacity { recurrences.removeAll(keepingCapacity: true) }
    recurrences[trigger.id] = (trigger, recurrence)
    return recurrence
  }
}
