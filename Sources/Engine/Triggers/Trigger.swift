/// A trigger as the store keeps it: the rule, and how far it has been carried out.
package struct Trigger: Sendable {
  package let id: TriggerID
  package let namespace: String
  package let name: String
  package var definition: TriggerDefinition
  /// Grows by one with each edit, from 1.
  package var revision: Int64 = 1
  package let createdAt: Timestamp
  package var updatedAt: Timestamp
  package var state: State

  package init(
    id: TriggerID,
    namespace: String,
    name: String,
    definition: TriggerDefinition,
    createdAt: Timestamp,
    state: State
  ) {
    self.id = id
    self.namespace = namespace
    self.name = name
    self.definition = definition
    self.createdAt = createdAt
    self.updatedAt = createdAt
    self.state = state
  }

  /// How far the rule has been carried out.
  package struct State: Sendable, Hashable, Codable {
    package var isOnline: Bool
    /// Where `@every` counts from.
    package var anchor: Timestamp
    /// The watermark: no fire at or before it is ever created again, whatever the clock says.
    package var firedThrough: Timestamp
    /// The next fire; `nil` when there is none left, the trigger is offline, or a task must end first.
    package var nextFireAt: Timestamp?
    /// Fires that became tasks.
    package var fires = 0
    /// The latest task that is not final, under a policy that cares.
    package var active: TaskID?
    /// The task held until `active` is final.
    package var held: TaskID?
    /// The task whose end brings the next fire: a fixed delay, or missed fires run one at a time.
    package var followsOn: TaskID?
    /// The last of the missed fires that are run one at a time; `nil` when none are left.
    package var catchUpThrough: Timestamp?
    /// Since when the trigger is offline.
    package var offlineSince: Timestamp?

    package init(isOnline: Bool, anchor: Timestamp, firedThrough: Timestamp) {
      self.isOnline = isOnline
      self.anchor = anchor
      self.firedThrough = firedThrough
    }

    /// Keeps the plan of a fire whose task turned out to exist already, without counting it again.
    ///
    /// `before` is the state that the fire found.
    package mutating func disown(_ task: TaskID, _ before: State) {
      fires = before.fires
      active = before.active
      held = before.held
      if followsOn == task { followsOn = before.followsOn }
    }

    /// Whether the end of some task is waited for.
    package var awaitsTask: Bool { active != nil || held != nil || followsOn != nil }

    /// Whether nothing will bring the next fire, neither the time nor the end of a task.
    package var isStranded: Bool { isOnline && nextFireAt == nil && followsOn == nil }
  }

  /// What the tasks of this trigger have in common.
  package var template: TaskTemplate {
    var template = TaskTemplate(namespace: namespace, handler: definition.handler)
    template.trigger = TaskTemplate.Origin(id: id, name: name, awaitsEnd: awaitsEnd)
    template.labels = definition.labels
    template.priority = definition.priority
    template.shardCount = definition.shards
    template.shardParams = definition.shardParams
    template.param = definition.param
    template.retry = definition.retry
    template.limits = definition.limits
    template.atMostOnce = definition.atMostOnce
    return template
  }

  /// What it has begun it carries on, also under a definition that no longer asks for it.
  private var awaitsEnd: Bool {
    definition.overlap != .allow || definition.misfire == .all || definition.isFixedDelay
      || state.awaitsTask
  }
}

extension TriggerDefinition {
  /// Whether each fire is planned from the end of the task before.
  package var isFixedDelay: Bool { schedule.lowercased().hasPrefix("after") }
}

/// Fires that became no task: one record for each stretch.
package struct Skip: Sendable, Hashable {
  package let trigger: TriggerID
  /// The first and the last fire of the stretch.
  package let from: Timestamp
  package let through: Timestamp
  /// How many there were; the least there were when they are too many to count.
  package let count: Int
  package let reason: Reason
  package let recordedAt: Timestamp

  package enum Reason: String, Sendable, Hashable {
    case misfire, overlap, offline
  }

  package init(
    trigger: TriggerID,
    from: Timestamp,
    through: Timestamp,
    count: Int,
    reason: Reason,
    recordedAt: Timestamp
  ) {
    self.trigger = trigger
    self.from = from
    self.through = through
    self.count = count
    self.reason = reason
    self.recordedAt = recordedAt
  }
}
