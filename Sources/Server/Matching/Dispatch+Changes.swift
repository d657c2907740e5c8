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
    var session: Session?
    for match in matchmaker.match(limit: limit - commands.count) {
      if session?.id != match.session { session = sessions[match.session] }
      guard let owner = session?.holder?.owner else { continue }
      if let first = bindings.updateValue(match, forKey: match.slot.id) {  // It was queued twice.
        bindings[match.slot.id] = first
        takeBack(match)
        hasDoubles = true
        continue
      }
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
      if let run = inHand[change.slot.id], run.holder.boot == owner.boot { run.start(at: now) }
    case .stopping(let owner, _, let reason, _):
      stop(change.slot, owner, reason, now)
    case .waiting, .held, .completed, .faulted, .canceled:
      guard change.move.from != .created else { return }  // Nobody had it in hand.
      revoke(change)
      leaveHand(change.slot.id)
    }
  }

  private mutating func offer(_ change: SlotChange, to owner: Owner, _ now: Moment) {
    let match = bindings.removeValue(forKey: change.slot.id)
    let holder = holder(of: owner, change.task.template, leaseEnds: now.monotonic + lease, now)
    take(RunInHand(offered: change, to: holder, at: now))
    guard let session = holder.session else { return }
    if let match, match.session != session.id { matchmaker.occupy(session.id) }
    session.outbox.append(Offer(change))
    wake(session)
    if session.outbox.isFull { matchmaker.setWindow(session.id, 0) }
  }

  /// The process, if need be as one that is away: its stream may have closed before the commit.
  private mutating func holder(
    of owner: Owner,
    _ template: SharedTemplate,
    leaseEnds: Duration,
    _ now: Moment
  ) -> Holder {
    if let known = holders[owner.boot] { return known }
    var hello = Hello(workerID: owner.worker, bootID: owner.boot, capacity: 0)
    hello.namespace = template.value.namespace
    let holder = Holder(hello, peer: "", at: now.wall, leaseEnds: leaseEnds)
    leasesLastUntil = min(leasesLastUntil, leaseEnds)
    holders[owner.boot] = holder
    return holder
  }

  private mutating func take(_ run: RunInHand) {
    if let before = inHand.updateValue(run, forKey: run.id.slot) { before.holder.drop(before) }
    run.holder.take(run)
  }

  private mutating func stop(_ slot: Slot, _ owner: Owner, _ reason: StopReason, _ now: Moment) {
    guard let run = inHand[slot.id], run.holder.boot == owner.boot else { return }
    if !run.stage.isStopping { run.deadline = now.monotonic + TimeLimits.cancelGrace }
    run.stage = .stopping(reason)
    run.overdue = .stop
    guard let session = run.holder.session else { return }
    send(session) { $0.cancels.append(Cancel(run: slot.run, reason: Cancel.Reason(reason))) }
  }

  /// An offer that ended without a start is taken back, unless its worker ended it.
  private mutating func revoke(_ change: SlotChange) {
    guard change.move.from == .waitingToRun, change.slot.settledBy == nil,
      let session = inHand[change.slot.id]?.holder.session
    else { return }
    let run = RunID(slot: change.slot.id, epoch: change.move.epoch)
    send(session) { $0.revokes.append(run) }
  }

  private mutating func leaveHand(_ slot: SlotID) {
    guard let run = inHand.removeValue(forKey: slot) else { return }
    if run.template.value.shardCount > 1, bindings[slot] == nil {
      matchmaker.vacate(slot)  // Else the place is that of the next run.
    }
    let holder = run.holder
    holder.drop(run)
    if let session = holder.session {
      matchmaker.release(session.id)
    } else {
      forgetIfIdle(holder)
    }
  }

  // MARK: After a start

  /// Takes up slots that were in some worker's hand when the server stopped.
  package mutating func restore(_ slots: [SlotInHand], at now: Moment) {
    for restored in slots {
      guard let owner = restored.slot.owner else { continue }
      let holder = holder(of: owner, restored.task.template, leaseEnds: graceEnds, now)
      take(RunInHand(restored, of: holder, at: now))
    }
  }
}
