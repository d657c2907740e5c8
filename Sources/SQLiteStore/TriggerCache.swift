import Engine
import Store

/// Triggers with what is made of their rules, as long as those stay the same.
struct TriggerCache {
  private var kept = BoundedCache<TriggerID, Kept>(capacity: 8_192)

  private final class Kept {
    var trigger: Trigger
    /// What the tasks have in common, by the revision of the trigger.
    var template: (revision: Int64, template: SharedTemplate)?
    /// The rule, parsed, and the trigger it was parsed for.
    var recurrence: (of: Trigger, recurrence: Recurrence)?

    init(_ trigger: Trigger) {
      self.trigger = trigger
    }
  }

  subscript(id: TriggerID) -> Trigger? { kept[id]?.trigger }

  mutating func keep(_ trigger: Trigger) {
    if let known = kept[trigger.id] {
      known.trigger = trigger
    } else {
      kept.keep(Kept(trigger), for: trigger.id)
    }
  }

  mutating func remove(_ id: TriggerID) {
    kept.remove(id)
  }

  /// `nil` when it is not known for this revision.
  func template(of trigger: Trigger) -> SharedTemplate? {
    guard let known = kept[trigger.id]?.template, known.revision == trigger.revision else {
      return nil
    }
    return known.template
  }

  /// Of a trigger that is kept itself.
  func keep(_ template: SharedTemplate, of trigger: Trigger) {
    kept[trigger.id]?.template = (trigger.revision, template)
  }

  mutating func recurrence(of trigger: Trigger) throws(StoreError) -> Recurrence {
    if let known = kept[trigger.id]?.recurrence, known.of.recursLike(trigger) {
      return known.recurrence
    }
    let recurrence = try trigger.recurrence()
    kept[trigger.id]?.recurrence = (trigger, recurrence)
    return recurrence
  }
}
