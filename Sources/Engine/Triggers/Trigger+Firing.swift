/// What one transaction does for a trigger that is due.
package struct FirePlan: Sendable {
  /// The task to create, if the fire becomes one.
  package var task: PlannedTask?
  package var skips: [Skip] = []
  /// Tasks to cancel because a newer occurrence replaces them.
  package var replaced: [TaskID] = []

  package struct PlannedTask: Sendable {
    package let id: TaskID
    package let nominalAt: Timestamp
    /// Held until the trigger's previous task is final.
    package var isHeld: Bool
    /// How many missed fires the task stands for, itself included; 0 when none was missed.
    package var missed: Int
  }
}

extension Trigger {
  /// At most this many missed fires are run under `all`, and none older than `longestCatchUp`.
  package static let catchUpLimit = 100
  package static let longestCatchUp: Duration = .seconds(24 * 3600)

  /// Carries out the fire that is due at `now`, if there is one; `task` names the task it may become.
  ///
  /// Consumes exactly one stretch of fires: the next one, or all that were missed. Call it again
  /// until `state.nextFireAt` lies after `now`.
  package mutating func fire(
    at now: Timestamp,
    task: TaskID,
    recurrence: Recurrence
  ) -> FirePlan? {
    guard state.isOnline, let due = state.nextFireAt, due <= now else { return nil }
    if let through = state.catchUpThrough, due <= through {
      return catchUp(due, at: now, task: task, recurrence: recurrence)
    }
    guard !definition.isFixedDelay, now - due > definition.misfireWindow else {
      var plan = FirePlan()
      occur(due, missed: 0, task: task, at: now, &plan)
      planNext(after: due, recurrence)
      return plan
    }
    return misfire(from: due, at: now, task: task, recurrence: recurrence)
  }

  // MARK: One occurrence

  /// Makes `nominalAt` a task or a recorded skip, as the overlap policy says.
  private mutating func occur(
    _ nominalAt: Timestamp,
    missed: Int,
    task: TaskID,
    at now: Timestamp,
    _ plan: inout FirePlan
  ) {
    var planned = FirePlan.PlannedTask(
      id: task,
      nominalAt: nominalAt,
      isHeld: false,
      missed: missed
    )
    state.firedThrough = max(state.firedThrough, nominalAt)  // A fixed delay follows the clock back.
    switch (definition.overlap, state.active) {
    case (.allow, _):
      break
    case (_, nil):
      state.active = task
    case (.skip, _?):
      followBlocker()
      return plan.skips.append(skip(nominalAt, through: nominalAt, count: 1, .overlap, at: now))
    case (.queue, _?):
      guard state.held == nil else {
        followBlocker()
        return plan.skips.append(skip(nominalAt, through: nominalAt, count: 1, .overlap, at: now))
      }
      planned.isHeld = true
      state.held = task
    case (.replace, let active?):
      plan.replaced = [state.held, active].compactMap(\.self)
      planned.isHeld = true
      state.held = task
    }
    state.fires += 1
    if definition.isFixedDelay { state.followsOn = task }
    plan.task = planned
  }

  /// A fixed delay that was skipped is counted from the end of what it was skipped for.
  private mutating func followBlocker() {
    if definition.isFixedDelay { state.followsOn = state.held ?? state.active }
  }

  private mutating func planNext(after fired: Timestamp, _ recurrence: Recurrence) {
    state.nextFireAt =
      state.followsOn == nil && hasRepeatsLeft ? recurrence.next(after: fired) : nil
  }

  private var hasRepeatsLeft: Bool {
    guard let repeats = definition.repeats else { return true }
    return state.fires < repeats
  }

  private func skip(
    _ from: Timestamp,
    through: Timestamp,
    count: Int,
    _ reason: Skip.Reason,
    at now: Timestamp
  ) -> Skip {
    Skip(
      trigger: id,
      from: from,
      through: through,
      count: count,
      reason: reason,
      recordedAt: now
    )
  }

  // MARK: Missed fires

  /// The fires from `due` on that are late by more than the window, under the misfire policy.
  private mutating func misfire(
    from due: Timestamp,
    at now: Timestamp,
    task: TaskID,
    recurrence: Recurrence
  ) -> FirePlan {
    var plan = FirePlan()
    let cut = now - definition.misfireWindow - .microseconds(1)
    let last = recurrence.previous(atOrBefore: cut) ?? due
    switch definition.misfire {
    case .skip:
      let count = recurrence.count(after: state.firedThrough, through: last)
      plan.skips.append(skip(due, through: last, count: count, .misfire, at: now))
      state.firedThrough = last
    case .once:
      if let before = recurrence.previous(atOrBefore: last.predecessor), before >= due {
        let count = recurrence.count(after: state.firedThrough, through: before)
        plan.skips.append(skip(due, through: before, count: count, .misfire, at: now))
        occur(last, missed: count + 1, task: task, at: now, &plan)
      } else {
        occur(last, missed: 1, task: task, at: now, &plan)
      }
    case .all:
      let oldest = max(due, now - Trigger.longestCatchUp)
      let kept = recurrence.newest(
        Trigger.catchUpLimit,
        after: oldest.predecessor,
        through: last
      )
      guard let first = kept.first else {  // All of it is too old to be made up for.
        let count = recurrence.count(after: state.firedThrough, through: last)
        plan.skips.append(skip(due, through: last, count: count, .misfire, at: now))
        state.firedThrough = last
        break
      }
      if let before = recurrence.previous(atOrBefore: first.predecessor), before >= due {
        let count = recurrence.count(after: state.firedThrough, through: before)
        plan.skips.append(skip(due, through: before, count: count, .misfire, at: now))
        state.firedThrough = before
      }
      state.catchUpThrough = last
      occur(first, missed: 1, task: task, at: now, &plan)
      awaitEnd(of: plan.task)
    }
    planNext(after: state.firedThrough, recurrence)
    return plan
  }

  /// One of the missed fires that are run one at a time.
  private mutating func catchUp(
    _ due: Timestamp,
    at now: Timestamp,
    task: TaskID,
    recurrence: Recurrence
  ) -> FirePlan {
    var plan = FirePlan()
    occur(due, missed: 1, task: task, at: now, &plan)
    awaitEnd(of: plan.task)
    planNext(after: due, recurrence)
    return plan
  }

  private mutating func awaitEnd(of task: FirePlan.PlannedTask?) {
    if let through = state.catchUpThrough, state.firedThrough >= through {
      state.catchUpThrough = nil
    } else if let task {
      state.followsOn = task.id
    }
  }

  // MARK: The end of a task

  /// What the end of `task` lets go: the task that was held behind it, if there is one.
  ///
  /// `recurrence` is `nil` when the rule cannot be read any more: nothing further is planned then.
  package mutating func taskEnded(
    _ task: TaskID,
    at now: Timestamp,
    recurrence: Recurrence?
  ) -> TaskID? {
    if state.followsOn == task {
      state.followsOn = nil
      if state.isOnline, hasRepeatsLeft {
        state.nextFireAt =
          definition.isFixedDelay
          ? recurrence?.next(afterCompletion: now) : recurrence?.next(after: state.firedThrough)
      }
    }
    if state.held == task { state.held = nil }
    guard state.active == task else { return nil }
    let released = state.held
    state.active = released
    state.held = nil
    return released
  }

  // MARK: Edits

  /// The fires up to `now` that are not made up for, because the rule is about to change; one record.
  ///
  /// While the trigger is offline, that is all of them since it was switched off.
  package func cutOff(at now: Timestamp, recurrence: Recurrence) -> Skip? {
    guard !definition.isFixedDelay, hasRepeatsLeft,
      let first = recurrence.next(after: state.firedThrough), first <= now,
      let last = recurrence.previous(atOrBefore: now)
    else { return nil }
    let count = recurrence.count(after: first.predecessor, through: last)
    let reason: Skip.Reason = state.isOnline ? .misfire : .offline
    return skip(first, through: last, count: count, reason, at: now)
  }

  /// Plans from `now` on, after the rule was created, edited or switched on.
  package mutating func replan(at now: Timestamp, recurrence: Recurrence) {
    state.firedThrough = max(state.firedThrough, now)
    state.catchUpThrough = nil
    state.followsOn = nil
    state.nextFireAt =
      state.isOnline && hasRepeatsLeft
      ? (definition.isFixedDelay
        ? recurrence.next(afterCompletion: now) : recurrence.next(after: state.firedThrough)) : nil
  }

  /// Switches the trigger off.
  package mutating func goOffline(at now: Timestamp) {
    guard state.isOnline else { return }
    state.isOnline = false
    state.offlineSince = now
    state.nextFireAt = nil
    state.catchUpThrough = nil
  }

  /// Switches the trigger on; the fires of the stretch between become one record.
  package mutating func goOnline(at now: Timestamp, recurrence: Recurrence) -> Skip? {
    guard !state.isOnline else { return nil }
    let missedFrom = recurrence.next(after: state.firedThrough)
    state.isOnline = true
    state.offlineSince = nil
    defer { replan(at: now, recurrence: recurrence) }
    guard !definition.isFixedDelay, let first = missedFrom, first <= now,
      let last = recurrence.previous(atOrBefore: now)
    else { return nil }
    let count = recurrence.count(after: first.predecessor, through: last)
    return skip(first, through: last, count: count, .offline, at: now)
  }
}
