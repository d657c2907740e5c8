import Engine
package import Store

extension Dispatch {
  /// What has become overdue by `now`: leases, acknowledgements, and the limits of runs.
  ///
  /// Only what is in some worker's hand is looked at. A run is named each time until the store has
  /// moved it. While nobody has anything in hand and no lease can have ended, nobody is looked at: the
  /// workers may be thousands.
  package mutating func overdue(at now: Moment) -> [SlotCommand] {
    cutSlow(now)
    guard !inHand.isEmpty || leasesLastUntil <= now.monotonic else { return [] }
    var commands: [SlotCommand] = []
    leasesLastUntil = now.monotonic + lease
    for holder in holders.values {
      leasesLastUntil = min(leasesLastUntil, holder.leaseEnds)
      if holder.leaseEnds <= now.monotonic, graceEnds <= now.monotonic {
        loseLease(holder, &commands)
      } else {
        overdueRuns(of: holder, now, &commands)
      }
    }
    return commands
  }

  private mutating func loseLease(_ holder: Holder, _ commands: inout [SlotCommand]) {
    for run in holder.runs { commands.append(SlotCommand(run, .leaseLost)) }
    if let session = holder.session {
      matchmaker.leave(session.id)
      toClose.append((session.id, .leaseLost))
    } else {
      forgetIfIdle(holder)
    }
  }

  private func overdueRuns(of holder: Holder, _ now: Moment, _ commands: inout [SlotCommand]) {
    for run in holder.runs {
      guard let deadline = run.deadline, deadline <= now.monotonic else { continue }
      if run.stage.isOffered, holder.session == nil { continue }  // The lease decides.
      commands.append(SlotCommand(run, run.overdue.event))
    }
  }

  private mutating func cutSlow(_ now: Moment) {
    for session in full.values {
      guard session.outbox.isFull else {
        full[session.id] = nil
        continue
      }
      let since = session.outbox.fullSince ?? now.monotonic
      session.outbox.fullSince = since
      if session.outbox.bytes > Outbox.most || now.monotonic - since > Outbox.patience {
        toClose.append((session.id, .tooSlow))
      }
    }
  }
}

extension SlotCommand {
  /// What the server does about a run by itself.
  init(_ run: RunInHand, _ event: SlotEvent) {
    self.init(run.id.slot, event, fence: Fence(epoch: run.id.epoch))
  }
}

extension RunInHand {
  convenience init(offered change: SlotChange, to holder: Holder, at now: Moment) {
    self.init(change.slot.run, of: holder, change.task.template)
    deadline = now.monotonic + TimeLimits.acknowledgement
    plan(totalFrom: change.task.createdAt, now)
  }

  /// A run found in the store: what is left of its limits is reckoned from the times written there.
  convenience init(_ restored: SlotInHand, of holder: Holder, at now: Moment) {
    self.init(restored.slot.run, of: holder, restored.task.template)
    plan(totalFrom: restored.task.createdAt, now)
    switch restored.slot.phase {
    case .running(_, let since):
      start(at: now, elapsed: max(.zero, now.wall - since))
    case .stopping(_, _, let reason, let stopBy):
      stage = .stopping(reason)
      deadline = now.monotonic + max(.zero, min(stopBy - now.wall, TimeLimits.cancelGrace))
      overdue = .stop
    case .waiting, .held, .offered, .completed, .faulted, .canceled:
      deadline = now.monotonic + TimeLimits.acknowledgement
    }
  }

  /// The handler was entered, `elapsed` ago.
  func start(at now: Moment, elapsed: Duration = .zero) {
    stage = .running
    runEnds = template.value.limits.run.map { now.monotonic + max(.zero, $0 - elapsed) }
    planRunning(heartbeatFrom: now.monotonic)
  }

  /// The next of the run, heartbeat and total limits to pass.
  func planRunning(heartbeatFrom now: Duration) {
    deadline = runEnds
    overdue = .limit(.run)
    if let beat = template.value.limits.heartbeat, now + beat < deadline ?? .seconds(Int64.max) {
      deadline = now + beat
      overdue = .limit(.heartbeat)
    }
    if let totalEnds, totalEnds < deadline ?? .seconds(Int64.max) {
      deadline = totalEnds
      overdue = .limit(.total)
    }
  }

  private func plan(totalFrom createdAt: Timestamp, _ now: Moment) {
    totalEnds = template.value.limits.total.map {
      now.monotonic + max(.zero, $0 - (now.wall - createdAt))
    }
  }
}
