import Engine
import Store
import TompionTesting

/// I1 and I10: what becomes of triggers, and of tasks held behind others.
extension Oracle {
  /// Takes in what the commit at hand made of fires, tasks and records, in the order of their times.
  func takeTraces() {
    var skips: [Skip] = []
    for numbered in world.store.ledger.tables.skips.reversed() {
      guard numbered.number > lastSkip else { break }
      skips.insert(numbered.skip, at: 0)
    }
    lastSkip = world.store.ledger.tables.skips.last?.number ?? lastSkip
    let fires = newFires.sorted { ($0.nominalAt, $0.id) < ($1.nominalAt, $1.id) }
    newFires = []
    var rest = fires[...]
    for skip in skips.sorted(by: { $0.from < $1.from }) {
      while let fire = rest.first, fire.nominalAt < skip.from {
        fired(fire)
        rest.removeFirst()
      }
      take(skip)
    }
    for fire in rest { fired(fire) }
  }

  private func fired(_ task: TaskRecord) {
    let now = task.createdAt
    guard let id = task.template.value.trigger?.id else { return }
    guard var witness = triggers[id] else {
      return fail(.i1, "a task was made by a trigger that is not there")
    }
    if let wrong = witness.fired(task.nominalAt, task: task.id, at: now) {
      fail(.i1, "\(world.text(id)): \(wrong)")
    }
    checkMisfire(task, witness, at: now)
    triggers[id] = witness
    checkOverlap(of: id, witness.definition.overlap)
  }

  private func checkMisfire(_ task: TaskRecord, _ witness: TriggerWitness, at now: Timestamp) {
    let lateness = now - task.nominalAt
    guard witness.rule.delay == nil, !witness.hasCaughtUp,
      lateness > witness.definition.misfireWindow
    else { return }
    switch witness.definition.misfire {
    case .once where task.missed > 0: break
    case .once, .skip, .all:
      fail(.i1, "\(world.text(witness.id)) fired \(lateness) late in spite of its misfire policy")
    }
  }

  /// Of tasks that must not overlap, at most one is not held.
  private func checkOverlap(of trigger: TriggerID, _ policy: OverlapPolicy) {
    guard policy != .allow else { return }
    let unheld = (liveTasks[trigger] ?? []).filter { id in
      guard let task = tasks[id], let overlap = task.overlap else { return false }
      return overlap != .allow && !isHeldBack(id, task)
    }
    if unheld.count > 1 {
      fail(.i10, "\(unheld.count) tasks of \(world.text(trigger)) overlap, its policy is \(policy)")
    }
  }

  private func isHeldBack(_ id: TaskID, _ task: Task) -> Bool {
    (0..<task.shards).contains { heldBack.contains(SlotID(task: id, shard: $0)) }
  }

  private func take(_ skip: Skip) {
    statistics.skips[skip.reason.rawValue, default: 0] += 1
    guard var witness = triggers[skip.trigger] else {
      return fail(.i1, "a fire was skipped by a trigger that is not there")
    }
    var blockers = liveTasks[skip.trigger] ?? []
    if let ended = endedNow(of: skip.trigger) { blockers.insert(ended) }
    let stored = world.store.ledger.trigger(skip.trigger)
    let isCutOff = stored.map { $0.revision > revisions[skip.trigger] ?? 0 } ?? true
    if let wrong = witness.skipped(skip, blockers: blockers, isCutOff: isCutOff) {
      fail(.i1, "\(world.text(skip.trigger)): \(wrong)")
    }
    triggers[skip.trigger] = witness
  }

  /// A trigger was saved: it was created, it fired, it was edited, or it is gone.
  func planned(_ id: TriggerID) {
    let now = world.store.ledger.now
    guard let trigger = world.store.ledger.trigger(id) else {
      triggers[id]?.deleted(at: now)
      return
    }
    if triggers[id] == nil {
      triggers[id] = TriggerWitness(created: trigger, at: now)
    } else {
      triggers[id]?.changed(to: trigger, at: now)
    }
    revisions[id] = trigger.revision
  }

  // MARK: Held tasks

  func updateHold(_ slot: Slot) {
    if case .held(let hold, _) = slot.phase, hold.contains(.overlap) {
      heldBack.insert(slot.id)
    } else {
      heldBack.remove(slot.id)
    }
  }

  /// I10, after each commit: whatever is held behind another task has one that lives.
  func checkBlockers() {
    for slot in heldBack {
      guard let task = tasks[slot.task], let trigger = task.trigger else {
        return fail(.i10, "\(world.text(slot)) is held, and belongs to no trigger")
      }
      let hasBlocker = (liveTasks[trigger] ?? []).contains { id in
        tasks[id].map { $0.number < task.number } ?? false
      }
      if !hasBlocker {
        return fail(.i10, "\(world.text(slot)) is held behind nothing")
      }
    }
  }

  /// A slot is final.
  func ended(_ change: SlotChange) {
    let id = change.task.id
    tasks[id]?.live -= 1
    guard let task = tasks[id], task.live == 0, let trigger = task.trigger, !task.isManual else {
      return
    }
    liveTasks[trigger]?.remove(id)
    endedTasks[trigger] = (id, world.store.commits.count)
    triggers[trigger]?.taskEnded(id, at: change.move.at)
  }

  /// A task of the trigger that ended in the transaction at hand.
  private func endedNow(of trigger: TriggerID) -> TaskID? {
    guard let ended = endedTasks[trigger], ended.commit == world.store.commits.count else {
      return nil
    }
    return ended.task
  }

  /// The watchdog found something to mend, which the oracle should have seen before.
  func mended(triggers: [TriggerID]) {
    if let first = triggers.first {
      fail(.i10, "\(world.text(first)) waited for a task that is over")
    }
  }
}
