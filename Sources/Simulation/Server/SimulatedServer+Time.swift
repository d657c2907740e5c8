import Engine
import Server
import Store
import TompionTesting

/// What `MatchingService`, the timekeepers, `ClockService`, `Watchdog` and `Retention` do in their turn.
extension SimulatedServer {
  // MARK: Matching's rhythm

  func tick() {
    guard !isLeaving else { return }
    ticks += 1
    var overdue = dispatch.overdue(at: moment)
    if !(world.twin?.reaps ?? true) { overdue.removeAll { $0.event == .leaseLost } }
    command(overdue)
    wake()
    world.oracle.look(at: self)
    hearOthers()
    refill(dispatch.queuesToRefill()) { [self] in
      if ticks.isMultiple(of: 5) {
        retryUnstored()
        expire()
      }
      later(.milliseconds(200)) { [self] in tick() }
    }
  }

  /// What another server committed is heard of within a second, asked for or not.
  private func hearOthers() {
    if ticks.isMultiple(of: 5), heardCommits < world.store.commits.count { stir() }
  }

  /// Has commands of the server's own carried out; a refusal means that somebody was faster.
  func command(_ commands: [SlotCommand]) {
    let mine = mine(commands)
    guard !mine.isEmpty else { return }
    apply({ [self] in self.mine(mine) }, then: { _ in })
  }

  private func mine(_ commands: [SlotCommand]) -> [SlotCommand] {
    commands.filter { command in
      world.store.ledger.slot(command.slot).map { isMine($0.row.slot) } ?? true
    }
  }

  private func refill(_ queues: [QueueKey], then: @escaping () -> Void) {
    guard let queue = queues.first else { return then() }
    let bound = dispatch.matchmaker.queueBound
    let now = wall
    world.store.read(for: self) {
      $0.readySlots(queue, readyBy: now, limit: bound)
    } then: {
      [self] slots in
      dispatch.matchmaker.refill(queue, with: slots, isAll: slots.count < bound)
      stir()
      refill(Array(queues.dropFirst()), then: then)
    }
  }

  private func expire() {
    let now = wall
    world.store.read(for: self) {
      $0.overdueSlots(at: now, limit: 1_000)
    } then: { [self] overdue in
      command(overdue)
    }
  }

  // MARK: Timekeepers

  func loadTriggers(
    after: DueTrigger?,
    through: Timestamp,
    limit: Int,
    then: @escaping ([DueTrigger]?) -> Void
  ) {
    guard !world.store.isOut else { return later(.milliseconds(5)) { then(nil) } }
    world.store.read(for: self) {
      $0.dueTriggers(after: after, through: through, limit: limit)
    } then: {
      then($0)
    }
  }

  func fire(_ due: [DueTrigger], then: @escaping (Bool) -> Void) {
    guard !isLeaving else { return }  // The loop ends here.
    perform {
      .fire(due.triggers, reply: $0)
    } then: { (result: Result<Void, StoreError>) in
      switch result {
      case .success: then(true)
      case .failure(let error): then(error.code == .invalid)
      }
    }
  }

  func loadDelayed(
    after: DelayedSlot?,
    through: Timestamp,
    limit: Int,
    then: @escaping ([DelayedSlot]?) -> Void
  ) {
    guard !world.store.isOut else { return later(.milliseconds(5)) { then(nil) } }
    world.store.read(for: self) {
      $0.delayedSlots(after: after, through: through, limit: limit)
    } then: {
      then($0)
    }
  }

  func ready(_ due: [DelayedSlot], then: @escaping (Bool) -> Void) {
    guard !isLeaving else { return }
    for slot in due { dispatch.matchmaker.add(slot.slot) }
    stir()
    then(true)
  }

  // MARK: Going away

  /// SIGTERM: tells the workers when to come back, takes the results that are on their way, and ends.
  func leave() {
    guard isRunning, !isLeaving else { return }
    isLeaving = true
    world.note(.process, UInt64(index), 2) { "\(self.name) leaves" }
    dispatch.drainAll { [world] _ in world.random.duration(.milliseconds(200) ... .seconds(2)) }
    wake()
    let deadline = world.queue.now + Duration.seconds(10).microseconds
    awaitStreams(until: deadline)
  }

  private func awaitStreams(until deadline: Int64) {
    later(.milliseconds(20)) { [self] in
      guard !connections.isEmpty, world.queue.now < deadline else { return world.crash(self) }
      dispatch.closeIdle()
      wake()
      awaitStreams(until: deadline)
    }
  }

  // MARK: Upkeep

  func watchClock() {
    guard !isLeaving else { return }
    if clockWatch.step(at: moment) != nil {
      dispatch.startGrace(moment)
      triggers.reset()
      delayed.reset()
    }
    later(.milliseconds(500)) { [self] in watchClock() }
  }

  /// Once a minute: triggers and tasks that wait for nothing are freed, old tasks dropped.
  func lookAfter() {
    guard !isLeaving else { return }
    later(.seconds(60)) { [self] in lookAfter() }
    world.store.read(for: self) {
      $0.onlineTriggers(after: nil, limit: 1_000)
    } then: {
      [self] online in
      let waiting = online.filter(\.state.awaitsTask).map(\.id)
      perform {
        .mend(waiting, reply: $0)
      } then: { [self] mended in
        world.oracle.mended(triggers: (try? mended.get().triggers) ?? [])
      }
    }
    let age = world.scenario.retention
    perform {
      .dropTasks(endedBefore: self.wall - age, reply: $0)
    } then: { _ in
    }
  }
}

extension StoreOperation {
  /// What the watchdog asks for, in one operation.
  fileprivate static func mend(
    _ triggers: [TriggerID],
    reply: @escaping Reply<(triggers: [TriggerID], tasks: [TaskID])>
  ) -> StoreOperation {
    StoreOperation(reply: reply) { ledger throws(StoreError) in
      var mended: [TriggerID] = []
      for trigger in triggers where try ledger.mend(trigger) { mended.append(trigger) }
      return (mended, try ledger.mendHeldTasks(after: nil, limit: 1_000).released)
    }
  }

  fileprivate static func dropTasks(
    endedBefore time: Timestamp,
    reply: @escaping Reply<Int>
  ) -> StoreOperation {
    StoreOperation(reply: reply) { ledger throws(StoreError) in
      try ledger.dropTasks(endedBefore: time, keepingPerTrigger: 1_000, limit: 500)
    }
  }
}
