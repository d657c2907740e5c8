package import Engine

extension Ledger {
  /// Applies one command, with everything that follows from it.
  package func apply(_ command: SlotCommand) throws(StoreError) -> Verdict {
    guard let entry = try slot(command.slot) else {
      commit.refusals[.unknownSlot, default: 0] += 1
      return .refused(.unknownSlot)
    }
    return try apply(command, to: entry)
  }

  package func apply(
    _ command: SlotCommand,
    to entry: Entry
  ) throws(StoreError) -> Verdict {
    var slot = entry.slot
    let move: SlotMove?
    do throws(Refusal) {
      move = try slot.apply(
        numbered(command.event),
        fence: command.fence,
        policy: entry.task.template.policy,
        at: now,
        jitter: jitter()
      )
    } catch {
      note(error, command, entry)
      return .refused(error)
    }
    record(slot, move, by: command.event, in: entry)
    if slot.state.isFinal { try slotEnded(entry.task) }
    return .moved
  }

  private func record(
    _ slot: Slot,
    _ move: SlotMove?,
    by event: SlotEvent,
    in entry: Entry
  ) {
    let sequence = move == nil ? 0 : nextSequence()
    change(entry) { row in
      row.slot = slot
      if case .succeeded(let result) = event, !result.isEmpty { row.result = result }
      guard let move else { return }
      row.history.append(.move(move, sequence: sequence))
      row.deadline = slot.deadline(
        createdAt: entry.task.createdAt,
        limits: entry.task.template.value.limits
      )
    }
    guard let move else { return }
    commit.changes.append(
      SlotChange(slot: slot, task: entry.task, move: move, sequence: sequence)
    )
  }

  /// Carries out what the matching bound; a slot that refuses is left, and told of in the commit.
  package func bind(_ bindings: [SlotCommand]) throws(StoreError) {
    for binding in bindings where try apply(binding) != .moved {
      commit.unbound.append(binding)
      try postpone(binding.slot)
    }
  }

  /// A slot that was bound before its time, as when the clock was set back, is written down among
  /// those that wait for theirs: the matching has it no longer.
  private func postpone(_ id: SlotID) throws(StoreError) {
    guard let entry = try slot(id), let readyAt = entry.row.slot.readyAt, readyAt > now else {
      return
    }
    change(entry) { _ in }
    let slot = ReadySlot(id: id, order: entry.task.order, template: entry.task.template)
    commit.postponed.append(DelayedSlot(at: readyAt, slot: slot))
  }

  /// An offer without an epoch gets the next one: only the ledger knows which were handed out.
  private func numbered(_ event: SlotEvent) -> SlotEvent {
    guard case .offer(let owner, .none) = event else { return event }
    return .offer(to: owner, epoch: nextEpoch())
  }

  /// A refused report leaves a trace: that is how the fence notices.
  private func note(
    _ refusal: Refusal,
    _ command: SlotCommand,
    _ entry: Entry
  ) {
    guard refusal != .alreadyDone else { return }
    commit.refusals[refusal, default: 0] += 1
    guard let fence = command.fence, fence.boot != nil else { return }
    change(entry) { row in
      row.history.append(
        .refusal(refusal, event: command.event.name, epoch: fence.epoch, at: now)
      )
    }
  }

  /// When the last slot of a task ends, its trigger hears of it.
  private func slotEnded(_ task: TaskRecord) throws(StoreError) {
    guard let origin = task.template.value.trigger, origin.awaitsEnd, !task.isManual else { return }
    if task.template.value.shardCount > 1 {
      guard try slots(of: task.id).allSatisfy(\.row.slot.state.isFinal) else { return }
    }
    try taskEnded(task.id, of: origin.id)
  }

  /// Tells a trigger that a task of it is final, and lets go what was held behind it.
  func taskEnded(_ task: TaskID, of id: TriggerID) throws(StoreError) {
    guard var trigger = try trigger(id) else { return }
    // A rule that cannot be read any more must not keep an outcome from being accepted.
    let recurrence = try? recurrence(of: trigger)
    let released = trigger.taskEnded(task, at: now, recurrence: recurrence)
    try save(trigger)
    if let released { try command(released, .blockerEnded) }
  }

  /// Asks every slot of a task to make the same move.
  @discardableResult
  package func command(_ id: TaskID, _ event: SlotEvent) throws(StoreError) -> [Verdict] {
    var verdicts: [Verdict] = []
    for entry in try slots(of: id) {
      let command = SlotCommand(entry.row.slot.id, event, fence: nil)
      verdicts.append(try apply(command, to: entry))
    }
    return verdicts
  }

  /// Saves a trigger and says when it fires next.
  func save(_ trigger: Trigger) throws(StoreError) {
    try update(trigger)
    commit.planned.append((trigger.id, trigger.state.nextFireAt))
  }

  // MARK: New tasks

  /// Inserts a task with its slots, all in `phase`.
  package func create(_ task: TaskRecord, phase: Slot.Phase, why: String) throws(StoreError) {
    let template = task.template.value
    for shard in 0..<template.shardCount {
      let slot = Slot(id: SlotID(task: task.id, shard: shard), phase: phase)
      let move = SlotMove(
        number: 1,
        from: .created,
        to: .created,
        why: why,
        epoch: .none,
        at: now,
        readyAt: slot.readyAt
      )
      let sequence = nextSequence()
      var row = SlotRow(slot: slot)
      row.history.append(.move(move, sequence: sequence))
      row.deadline = slot.deadline(createdAt: task.createdAt, limits: template.limits)
      try insert(row, of: task)
      commit.changes.append(SlotChange(slot: slot, task: task, move: move, sequence: sequence))
    }
  }

  package func submit(_ submission: Submission) throws(StoreError) -> SubmissionAnswer {
    let namespace = submission.draft.value.namespace
    guard try self.namespace(namespace) != nil else { return .refused(.notFound) }
    if let key = submission.idempotency {
      if let first = try remembered(key.key, in: namespace) {
        guard first.body == key.body else { return .refused(.keyReused) }
        return .repeated(TaskID(first.subject))
      }
    }
    let readyAt = submission.at ?? now
    let template = try share(submission.draft)
    let task = TaskRecord(
      id: newTaskID(shards: template.value.shardCount),
      template: template,
      nominalAt: readyAt,
      createdAt: now,
      ownParam: submission.param,
      isManual: true,
      rerunOf: submission.rerunOf
    )
    if let key = submission.idempotency {
      try remember(
        Remembered(body: key.body, subject: task.id.uuid),
        as: key.key,
        in: namespace
      )
    }
    try create(task, phase: .waiting(readyAt: readyAt, latecomer: nil), why: "submitted")
    return .created(task.id)
  }
}

extension Slot {
  /// When the queue limit or the total limit passes, whichever is first and still runs.
  ///
  /// A slot on offer is past the queue limit's reach: within seconds it starts, or is back in line.
  package func deadline(createdAt: Timestamp, limits: TimeLimits) -> Timestamp? {
    guard !state.isFinal, state != .running else { return nil }
    let isInLine = state == .created && firstStartedAt == nil
    let queue = isInLine ? limits.queue.map { createdAt + $0 } : nil
    guard let total = limits.total.map({ createdAt + $0 }) else { return queue }
    return queue.map { min($0, total) } ?? total
  }

  /// Which of the two limits has passed by `now`, if one has.
  package func limitPassed(
    by now: Timestamp,
    createdAt: Timestamp,
    limits: TimeLimits
  ) -> SlotEvent.Limit? {
    guard let deadline = deadline(createdAt: createdAt, limits: limits), deadline <= now else {
      return nil
    }
    return limits.total.map { createdAt + $0 <= now } ?? false ? .total : .queue
  }
}

extension SlotEvent {
  /// The event's name as the history and the counters show it.
  package var name: String {
    switch self {
    case .offer: "Offer"
    case .started: "Started"
    case .succeeded: "Succeeded"
    case .failed: "Failed"
    case .stopped: "Stopped"
    case .declined: "Decline"
    case .released: "Released"
    case .progressed: "Progress"
    case .acknowledgementOverdue: "AcknowledgementOverdue"
    case .leaseLost: "LeaseLost"
    case .limitPassed: "LimitPassed"
    case .stopOverdue: "StopOverdue"
    case .cancel: "Cancel"
    case .pause: "Pause"
    case .resume: "Resume"
    case .blockerEnded: "BlockerEnded"
    }
  }
}
