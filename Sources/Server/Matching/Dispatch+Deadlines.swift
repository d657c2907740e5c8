import Engine
package import Store

extension Dispatch {
  /// What has become overdue by `now`: leases, acknowledgements, and the limits of runs.
  ///
  /// Only what is in some worker's hand is looked at. A run is named each time until the store has
  /// moved it.
  package mutating func overdue(at now: Moment) -> [SlotCommand] {
    var commands: [SlotCommand] = []
    for (boot, holder) in holders {
      if holder.leaseEnds <= now.monotonic, graceEnds <= now.monotonic {
        loseLease(boot, holder, &commands)
      } else {
        overdueRuns(of: holder, now, &commands)
      }
    }
    cutSlow(now)
    return commands
  }

  private mutating func loseLease(_ boot: BootID, _ holder: Holder, _ commands: inout [SlotCommand])
  {
    for (slot, run) in holder.runs {
      commands.append(SlotCommand(slot, .leaseLost, fence: Fence(epoch: run.epoch)))
    }
    if let session = holder.session {
      matchmaker.leave(session)
      toClose.append((session, .leaseLost))
    } else if holder.runs.isEmpty {
      holders[boot] = nil
    }
  }

  private func overdueRuns(of holder: Holder, _ now: Moment, _ commands: inout [SlotCommand]) {
    for (slot, run) in holder.runs {
      guard let deadline = run.deadline, deadline <= now.monotonic else { continue }
      if run.stage.isOffered, holder.session == nil { continue }  // The lease decides.
      commands.append(SlotCommand(slot, run.overdue, fence: Fence(epoch: run.epoch)))
    }
  }

  private mutating func cutSlow(_ now: Moment) {
    for (session, outbox) in outboxes where outbox.isFull {
      let since = outbox.fullSince ?? now.monotonic
      outboxes[session]?.fullSince = since
      if outbox.bytes > Outbox.most || now.monotonic - since > Outbox.patience {
        toClose.append((session, .tooSlow))
      }
    }
  }
}

extension RunInHand {
  init(offered change: SlotChange, at now: Moment) {
    epoch = change.slot.epoch
    template = change.task.template
    createdAt = change.task.createdAt
    stage = .offered
    deadline = now.monotonic + TimeLimits.acknowledgement
    overdue = .acknowledgementOverdue
    plan(total: now)
  }

  /// A run found in the store: what is left of its limits is reckoned from the times written there.
  init(_ restored: SlotInHand, at now: Moment) {
    epoch = restored.slot.epoch
    template = restored.task.template
    createdAt = restored.task.createdAt
    stage = .offered
    overdue = .acknowledgementOverdue
    plan(total: now)
    switch restored.slot.phase {
    case .running(_, let since):
      start(at: now, elapsed: max(.zero, now.wall - since))
    case .stopping(_, _, let reason, let stopBy):
      stage = .stopping(reason)
      deadline = now.monotonic + max(.zero, min(stopBy - now.wall, TimeLimits.cancelGrace))
      overdue = .stopOverdue
    case .waiting, .held, .offered, .completed, .faulted, .canceled:
      deadline = now.monotonic + TimeLimits.acknowledgement
    }
  }

  /// The handler was entered, `elapsed` ago.
  mutating func start(at now: Moment, elapsed: Duration = .zero) {
    stage = .running
    runEnds = template.value.limits.run.map { now.monotonic + max(.zero, $0 - elapsed) }
    planRunning(heartbeatFrom: now.monotonic)
  }

  /// The next of the run, heartbeat and total limits to pass.
  mutating func planRunning(heartbeatFrom now: Duration) {
    deadline = runEnds
    overdue = .limitPassed(.run)
    if let beat = template.value.limits.heartbeat, now + beat < deadline ?? .seconds(Int64.max) {
      deadline = now + beat
      overdue = .limitPassed(.heartbeat)
    }
    if let totalEnds, totalEnds < deadline ?? .seconds(Int64.max) {
      deadline = totalEnds
      overdue = .limitPassed(.total)
    }
  }

  private mutating func plan(total now: Moment) {
    totalEnds = template.value.limits.total.map {
      now.monotonic + max(.zero, $0 - (now.wall - createdAt))
    }
  }
}
