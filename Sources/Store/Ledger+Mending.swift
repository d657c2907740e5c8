package import Engine

/// Repairs of what must never be, so that it cannot last: a schedule that waits for a task which will
/// not end, a task held behind nothing.
extension Ledger {
  /// Frees a trigger from tasks that are final or gone, as their end should have done; `true` when
  /// there were any.
  package func mend(_ id: TriggerID) throws(StoreError) -> Bool {
    guard let trigger = try trigger(id) else { return false }
    var isMended = false
    let awaited = [trigger.state.held, trigger.state.active, trigger.state.followsOn]
    for task in Set(awaited.compactMap(\.self)) where try !isLive(task) {
      try taskEnded(task, of: id)
      isMended = true
    }
    return isMended
  }

  /// Lets go the held tasks, among the next `limit` after `cursor`, that no trigger holds behind a
  /// living one.
  package func mendHeldTasks(
    after cursor: TaskID?,
    limit: Int
  ) throws(StoreError) -> (released: [TaskID], last: TaskID?) {
    let held = try heldTasks(after: cursor, limit: limit)
    var released: [TaskID] = []
    for task in held where try isOrphan(task) {
      try adopt(task)
      if try command(task, .blockerEnded).contains(.moved) { released.append(task) }
    }
    return (released, held.count < limit ? nil : held.last)
  }

  private func isLive(_ task: TaskID) throws(StoreError) -> Bool {
    try slots(of: task).contains { !$0.row.slot.state.isFinal }
  }

  private func isOrphan(_ task: TaskID) throws(StoreError) -> Bool {
    let isHeld = try slots(of: task).contains { entry in
      guard case .held(let hold, _) = entry.row.slot.phase else { return false }
      return hold.contains(.overlap)
    }
    guard isHeld, let origin = try self.task(task)?.template.value.trigger else { return isHeld }
    guard let state = try trigger(origin.id)?.state, state.held == task, let active = state.active
    else { return true }
    return try !isLive(active)
  }

  /// The trigger counts the task as its present one, if it has no other.
  private func adopt(_ task: TaskID) throws(StoreError) {
    guard let origin = try self.task(task)?.template.value.trigger,
      var trigger = try trigger(origin.id)
    else { return }
    if trigger.state.held == task { trigger.state.held = nil }
    let isFree = try trigger.state.active.map { id throws(StoreError) in try !isLive(id) } ?? true
    if isFree { trigger.state.active = task }
    try save(trigger)
  }
}
