package import Engine
package import Store
import Wire

extension Dispatch {
  // MARK: Inside a transaction

  /// The most slots that are bound in one transaction.
  package static let bindingLimit = 2_048

  /// The slots to bind along with `changes`, which are about to be committed.
  package mutating func bind(
    after changes: [SlotChange],
    now: Timestamp,
    limit: Int = Dispatch.bindingLimit
  )
    -> [SlotCommand]
  {
    for change in changes {
      // What was ready when it moved stays so, also where this clock is behind the store's.
      guard let readyAt = change.slot.readyAt, readyAt <= max(now, change.move.at) else { continue }
      matchmaker.vacate(change.slot.id)
      matchmaker.add(ReadySlot(change))
    }
    guard !isDraining else { return [] }
    var commands: [SlotCommand] = []
    while bindMatches(limit: limit, &commands) {}
    return commands
  }

  /// Says whether credits came back, so that there may be more to bind.
  private mutating func bindMatches(limit: Int, _ commands: inout [SlotCommand]) -> Bool {
    var hasDoubles = false
    for match in matchmaker.match(limit: limit - commands.count) {
      guard let boot = boots[match.session], let owner = holders[boot]?.owner else { continue }
      guard bindings[match.slot.id] == nil else {  // It was queued twice.
        takeBack(match)
        hasDoubles = true
        continue
      }
      bindings[match.slot.id] = match
      commands.append(SlotCommand(match.slot.id, .offer(to: owner, epoch: .none), fence: nil))
    }
    return hasDoubles
  }

  /// Takes back bindings whose transaction was undone.
  package mutating func undone(_ commands: [SlotCommand]) {
    for command in commands {
      guard let match = bindings.removeValue(forKey: command.slot) else { continue }
      giveBack(match)
      matchmaker.add(match.slot)
    }
  }

  /// The queues that should be filled from the store now; each is named once.
  package mutating func queuesToRefill() -> [QueueKey] {
    matchmaker.queuesToRefill(unwritten: bindings.values.lazy.map(\.slot))
  }

  private mutating func giveBack(_ match: Matchmaker.Match) {
    matchmaker.vacate(match.slot.id)
    takeBack(match)
  }

  /// The session may have something else instead.
  private mutating func takeBack(_ match: Matchmaker.Match) {
    matchmaker.release(match.session)
    matchmaker.grant(match.session, handler: match.slot.template.value.handler, 1)
  }

  // MARK: After a commit

  package mutating func committed(_ commit: Commit, at now: Moment) {
    for command in commit.unbound {
      if let match = bindings.removeValue(forKey: command.slot) { giveBack(match) }
    }
    for change in commit.changes { absorb(change, now) }
  }

  private mutating func absorb(_ change: SlotChange, _ now: Moment) {
    switch change.slot.phase {
    case .offered(let owner, _):
      offer(change, to: owner, now)
    case .running(let owner, _):
      holders[owner.boot]?.runs[change.slot.id]?.start(at: now)
    case .stopping(let owner, _, let reason, _):
      stop(change.slot, owner, reason, now)
    case .waiting, .held, .completed, .faulted, .canceled:
      revoke(change)
      leaveHand(change.slot.id)
    }
  }

  private mutating func offer(_ change: SlotChange, to owner: Owner, _ now: Moment) {
    let match = bindings.removeValue(forKey: change.slot.id)
    inHand[change.slot.id] = owner.boot
    expect(owner, of: change.task, now)
    holders[owner.boot]?.runs[change.slot.id] = RunInHand(offered: change, at: now)
    guard let session = holders[owner.boot]?.session else { return }
    if let match, match.session != session { matchmaker.occupy(session) }
    outboxes[session]?.append(Offer(change))
    toWake.insert(session)
    if let outbox = outboxes[session], outbox.isFull { matchmaker.setWindow(session, 0) }
  }

  /// A worker whose stream closed while an offer to it was being committed may come back for it, until
  /// its lease ends.
  private mutating func expect(_ owner: Owner, of task: TaskRecord, _ now: Moment) {
    guard holders[owner.boot] == nil else { return }
    holders[owner.boot] = Holder(
      boot: owner.boot,
      hello: Hello(restored: owner, namespace: task.template.value.namespace),
      peer: "",
      connectedAt: now.wall,
      session: nil,
      leaseEnds: now.monotonic + lease,
      lastHeartbeatAt: now.wall
    )
  }

  private mutating func stop(_ slot: Slot, _ owner: Owner, _ reason: StopReason, _ now: Moment) {
    guard var run = holders[owner.boot]?.runs[slot.id] else { return }
    if !run.stage.isStopping { run.deadline = now.monotonic + TimeLimits.cancelGrace }
    run.stage = .stopping(reason)
    run.overdue = .stopOverdue
    holders[owner.boot]?.runs[slot.id] = run
    guard let session = holders[owner.boot]?.session else { return }
    send(session) { $0.cancels.append(Cancel(run: slot.run, reason: Cancel.Reason(reason))) }
  }

  /// An offer that ended without a start is taken back, unless its worker ended it.
  private mutating func revoke(_ change: SlotChange) {
    guard change.move.from == .waitingToRun, change.slot.settledBy == nil,
      let boot = inHand[change.slot.id], let session = holders[boot]?.session
    else { return }
    let run = RunID(slot: change.slot.id, epoch: change.move.epoch)
    send(session) { $0.revokes.append(run) }
  }

  private mutating func leaveHand(_ slot: SlotID) {
    guard let boot = inHand.removeValue(forKey: slot) else { return }
    if bindings[slot] == nil { matchmaker.vacate(slot) }  // Else the place is that of the next run.
    guard let place = holders.index(forKey: boot) else { return }
    holders.values[place].runs[slot] = nil
    if let session = holders.values[place].session {
      matchmaker.release(session)
    } else if holders.values[place].runs.isEmpty {
      holders.remove(at: place)
    }
  }

  // MARK: After a start

  /// Takes up slots that were in some worker's hand when the server stopped.
  package mutating func restore(_ slots: [SlotInHand], at now: Moment) {
    for restored in slots {
      guard let owner = restored.slot.owner else { continue }
      let boot = owner.boot
      if holders[boot] == nil {
        holders[boot] = Holder(
          boot: boot,
          hello: Hello(restored: owner, namespace: restored.task.template.value.namespace),
          peer: "",
          connectedAt: now.wall,
          session: nil,
          leaseEnds: graceEnds,
          lastHeartbeatAt: now.wall
        )
      }
      inHand[restored.slot.id] = boot
      holders[boot]?.runs[restored.slot.id] = RunInHand(restored, at: now)
    }
  }
}

extension Hello {
  /// What is known of a worker that has not come back.
  fileprivate init(restored owner: Owner, namespace: String) {
    self.init(workerID: owner.worker, bootID: owner.boot, capacity: 0)
    self.namespace = namespace
  }
}
