package import Engine

extension Ledger {
  /// Carries out what a trigger owes by now, at most `limit` fires; the rest stays due.
  package func fire(_ id: TriggerID, limit: Int = 100) throws(StoreError) {
    guard var trigger = try trigger(id) else { return }
    let recurrence = try recurrence(of: trigger)
    for _ in 0..<limit {
      let before = trigger.state
      let plan = trigger.fire(
        at: now,
        task: newTaskID(shards: trigger.definition.shards),
        recurrence: recurrence
      )
      guard let plan else { break }
      for skip in plan.skips { try insert(skip) }
      // Beyond the watermark nothing was fired, so that only a clock set back can come here twice.
      if let planned = plan.task, planned.nominalAt <= before.firedThrough,
        try hasTask(id, nominalAt: planned.nominalAt)
      {
        trigger.state.disown(planned.id, before)  // Done before: the conflict is the answer.
        if trigger.state.isStranded { trigger.replan(at: now, recurrence: recurrence) }
        continue
      }
      if let planned = plan.task { try create(planned, try template(of: trigger)) }
      guard !plan.replaced.isEmpty else { continue }
      try update(trigger)  // What the end of a replaced task changes must find today's state.
      for replaced in plan.replaced { try command(replaced, .cancel(.replaced)) }
      trigger = try self.trigger(id) ?? trigger
    }
    try save(trigger)
  }

  private func create(
    _ planned: FirePlan.PlannedTask,
    _ template: SharedTemplate
  ) throws(StoreError) {
    let task = TaskRecord(
      id: planned.id,
      template: template,
      nominalAt: planned.nominalAt,
      createdAt: now,
      missed: planned.missed
    )
    let phase: Slot.Phase =
      planned.isHeld
      ? .held(.overlap, readyAt: now) : .waiting(readyAt: planned.nominalAt, latecomer: nil)
    try create(task, phase: phase, why: planned.isHeld ? "held by overlap" : "fired")
  }

  // MARK: Edits

  package func create(
    _ draft: TriggerDraft,
    idempotency: IdempotencyKey?
  ) throws(StoreError) -> Trigger {
    guard try namespace(draft.namespace) != nil else {
      throw StoreError(.notFound, "there is no namespace \(draft.namespace)")
    }
    if let key = idempotency, let first = try remembered(key.key, in: draft.namespace) {
      guard first.body == key.body else {
        throw StoreError(.keyReused, "the idempotency key \(key.key) was used with another body")
      }
      if let trigger = try trigger(TriggerID(first.subject)) { return trigger }
    }
    guard try trigger(namespace: draft.namespace, name: draft.name) == nil else {
      throw StoreError(.conflict, "there is a trigger \(draft.name) already")
    }
    let trigger = try planned(draft)
    try insert(trigger)
    commit.planned.append((trigger.id, trigger.state.nextFireAt))
    if let key = idempotency {
      try remember(
        Remembered(body: key.body, subject: trigger.id.uuid),
        as: key.key,
        in: draft.namespace
      )
    }
    return trigger
  }

  private func planned(_ draft: TriggerDraft) throws(StoreError) -> Trigger {
    let state = Trigger.State(
      isOnline: draft.isOnline,
      anchor: draft.definition.start ?? now,
      firedThrough: now
    )
    var trigger = Trigger(
      id: TriggerID(newID()),
      namespace: draft.namespace,
      name: draft.name,
      definition: draft.definition,
      createdAt: now,
      state: state
    )
    if !draft.isOnline { trigger.state.offlineSince = now }
    trigger.replan(at: now, recurrence: try recurrence(of: trigger))
    return trigger
  }

  package func change(_ change: TriggerChange) throws(StoreError) -> Trigger {
    guard var trigger = try trigger(namespace: change.namespace, name: change.name) else {
      throw StoreError(.notFound, "there is no trigger \(change.name)")
    }
    if let seen = change.revision, seen != trigger.revision {
      throw StoreError(.stale, "the trigger is at revision \(trigger.revision), not \(seen)")
    }
    switch change.action {
    case .redefine(let definition, let isOnline):
      if !trigger.definition.plansLike(definition) { try settle(&trigger) }
      try redefine(&trigger, definition)
      if let isOnline { try switchTrigger(&trigger, on: isOnline) }
    case .online:
      try switchTrigger(&trigger, on: true)
    case .offline:
      try switchTrigger(&trigger, on: false)
    case .delete:
      try remove(trigger)
      return trigger
    }
    trigger.revision += 1
    trigger.updatedAt = now
    try save(trigger)
    return trigger
  }

  /// Carries out what a rule owes before another takes its place, and records what it cannot.
  ///
  /// A rule that cannot be read any more owes nothing, so that it can be put right.
  private func settle(_ trigger: inout Trigger) throws(StoreError) {
    guard let recurrence = try? recurrence(of: trigger) else { return }
    try fire(trigger.id)
    trigger = try self.trigger(trigger.id) ?? trigger
    if let skip = trigger.cutOff(at: now, recurrence: recurrence) { try insert(skip) }
  }

  private func redefine(
    _ trigger: inout Trigger,
    _ definition: TriggerDefinition
  ) throws(StoreError) {
    let before = trigger.definition
    trigger.definition = definition
    guard !before.plansLike(definition) else { return }
    trigger.state.anchor = definition.start ?? now
    trigger.replan(at: now, recurrence: try recurrence(of: trigger))
  }

  private func switchTrigger(_ trigger: inout Trigger, on: Bool) throws(StoreError) {
    guard on else { return trigger.goOffline(at: now) }
    if let skip = trigger.goOnline(at: now, recurrence: try recurrence(of: trigger)) {
      try insert(skip)
    }
  }

  /// Takes a trigger away: what waits is canceled, what runs may finish.
  private func remove(_ trigger: Trigger) throws(StoreError) {
    for task in try liveTasks(of: trigger.id) {
      for entry in try slots(of: task) {
        guard entry.row.slot.state != .running, !entry.row.slot.state.isFinal else { continue }
        let command = SlotCommand(entry.row.slot.id, .cancel(.triggerDeleted), fence: nil)
        _ = try apply(command, to: entry)
      }
    }
    try delete(trigger)
    commit.planned.append((trigger.id, nil))
  }
}

extension TriggerDefinition {
  /// Whether both have the same fires.
  func plansLike(_ other: TriggerDefinition) -> Bool {
    (schedule, timeZone, start, end, repeats)
      == (other.schedule, other.timeZone, other.start, other.end, other.repeats)
  }
}
