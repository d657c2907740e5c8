extension Slot {
  /// Makes the one move that `event` asks for, or says why there is none.
  ///
  /// `fence` is what the event was conditional on; `nil` acts whatever the epoch. `jitter`, from 0 up to
  /// 1, spreads retries. A slot that refuses is left as it was. `nil` is returned for a sign of
  /// progress, which changes the slot without moving it.
  package mutating func apply(
    _ event: SlotEvent,
    fence: Fence?,
    policy: SlotPolicy,
    at now: Timestamp,
    jitter: Double
  ) throws(Refusal) -> SlotMove? {
    try check(fence, for: event)
    if state.isFinal { throw event.isRepeatedStop ? .alreadyDone : .final }
    var step = Step(event: event, policy: policy, now: now, jitter: jitter)
    let before = self
    switch phase {
    case .waiting(let readyAt, let latecomer):
      try moveWaiting(&step, readyAt: readyAt, latecomer: latecomer)
    case .held(let hold, let readyAt):
      try moveHeld(&step, hold: hold, readyAt: readyAt)
    case .offered(let owner, _):
      try moveOffered(&step, owner: owner)
    case .running(let owner, let since):
      try moveRunning(&step, owner: owner, since: since)
    case .stopping(let owner, let since, let reason, let stopBy):
      if case .cancel(let asked) = event, !reason.isLast {
        phase = .stopping(owner, since: since, .cancel(asked), stopBy: stopBy)
        step.move(11, asked.name)  // For the limit alone it would be tried again.
      } else {
        try moveStopping(&step, owner: owner, reason: reason)
      }
    case .completed, .faulted, .canceled:
      throw .final
    }
    if case .progressed = event { return nil }
    settledBy = event.reportKind ?? (epoch == before.epoch ? settledBy : nil)
    return SlotMove(
      number: step.number,
      from: before.state,
      to: state,
      why: step.why,
      epoch: epoch,
      at: now,
      readyAt: readyAt,
      owner: state == .waitingToRun ? owner : nil
    )
  }

  /// Refuses whoever no longer has the slot, before anything else is looked at.
  private func check(_ fence: Fence?, for event: SlotEvent) throws(Refusal) {
    guard let fence else { return }
    guard fence.epoch == epoch else { throw .staleEpoch }
    if let kind = event.reportKind, kind == settledBy { throw .alreadyDone }
    guard let boot = fence.boot else { return }
    switch phase {
    case .offered(let owner, _), .running(let owner, _), .stopping(let owner, _, _, _):
      guard owner.boot == boot else { throw .notOwner }
    case .waiting(_, let latecomer?):
      guard latecomer.boot == boot else { throw .notOwner }
    case .waiting, .held, .completed, .faulted, .canceled:
      if state.isFinal { throw .final }
      throw .staleEpoch  // The run of this epoch is over; a new one will have a larger.
    }
  }

  /// One move in the making.
  struct Step {
    let event: SlotEvent
    let policy: SlotPolicy
    let now: Timestamp
    let jitter: Double
    var number: UInt8 = 0
    var why = ""

    mutating func move(_ number: UInt8, _ why: String = "") {
      self.number = number
      self.why = why
    }
  }

  // MARK: Created

  private mutating func moveWaiting(
    _ step: inout Step,
    readyAt: Timestamp,
    latecomer: Owner?
  ) throws(Refusal) {
    switch step.event {
    case .offer(let owner, let epoch):
      guard readyAt <= step.now, epoch > self.epoch else { throw .illegalMove }
      self.epoch = epoch
      progress = nil
      phase = .offered(owner, at: step.now)
      step.move(3)
    case .succeeded where latecomer != nil:
      counters.attempts += 1  // The lost lease gave it back; the work was done after all.
      phase = .completed(.late)
      step.move(19, "late result")
    case .cancel(let reason):
      phase = .canceled(reason)
      step.move(17, reason.name)
    case .limitPassed(.queue) where firstStartedAt == nil:
      fault(.queueTimeout, &step, 18)
    case .limitPassed(.total):
      fault(.totalTimeout, &step, 18)
    case .pause:
      phase = .held(.paused, readyAt: readyAt)
      step.move(20, "pause")
    case .resume:
      throw .alreadyDone
    case .started where latecomer != nil, .progressed where latecomer != nil:
      throw .alreadyDone  // It goes on with the run, whose result would still be taken.
    case .started, .succeeded, .failed, .stopped, .declined, .released, .progressed,
      .acknowledgementOverdue, .leaseLost, .limitPassed, .stopOverdue, .blockerEnded:
      throw .illegalMove
    }
  }

  private mutating func moveHeld(
    _ step: inout Step,
    hold: Hold,
    readyAt: Timestamp
  ) throws(Refusal) {
    switch step.event {
    case .blockerEnded where hold.contains(.overlap):
      lift(.overlap, of: hold, readyAt: readyAt)
      step.move(2, "blocker ended")
    case .resume where hold.contains(.paused):
      lift(.paused, of: hold, readyAt: readyAt)
      step.move(20, "resume")
    case .pause:
      guard !hold.contains(.paused) else { throw .alreadyDone }
      phase = .held(hold.union(.paused), readyAt: readyAt)
      step.move(20, "pause")
    case .cancel(let reason):
      phase = .canceled(reason)
      step.move(17, reason.name)
    case .limitPassed(.queue) where firstStartedAt == nil:
      fault(.queueTimeout, &step, 18)
    case .limitPassed(.total):
      fault(.totalTimeout, &step, 18)
    case .resume:
      throw .alreadyDone
    case .offer, .started, .succeeded, .failed, .stopped, .declined, .released, .progressed,
      .acknowledgementOverdue, .leaseLost, .limitPassed, .stopOverdue, .blockerEnded:
      throw .illegalMove
    }
  }

  private mutating func lift(_ reason: Hold, of hold: Hold, readyAt: Timestamp) {
    let rest = hold.subtracting(reason)
    phase =
      rest.isEmpty ? .waiting(readyAt: readyAt, latecomer: nil) : .held(rest, readyAt: readyAt)
  }

  // MARK: WaitingToRun

  private mutating func moveOffered(_ step: inout Step, owner: Owner) throws(Refusal) {
    switch step.event {
    case .started:
      counters.attempts += 1
      firstStartedAt = firstStartedAt ?? step.now
      phase = .running(owner, since: step.now)
      step.move(4)
    case .declined(let reason):
      offerAgain(&step, 5, reason)
    case .released:
      offerAgain(&step, 5, "released")
    case .acknowledgementOverdue:
      offerFailed(&step, "not acknowledged")
    case .leaseLost:
      offerFailed(&step, "lease lost")
    case .cancel(.triggerDeleted):
      phase = .canceled(.triggerDeleted)
      step.move(22, CancelReason.triggerDeleted.name)
    case .cancel(let reason):
      phase = .canceled(reason)
      step.move(6, reason.name)
    case .limitPassed(.total):
      fault(.totalTimeout, &step, 22)
    case .pause:
      phase = .held(.paused, readyAt: step.now)
      step.move(20, "pause")
    case .resume:
      throw .alreadyDone
    case .offer, .succeeded, .failed, .stopped, .progressed, .limitPassed, .stopOverdue,
      .blockerEnded:
      throw .illegalMove
    }
  }

  /// The hand-over failed with the worker unheard: it may have begun, so `atMostOnce` ends here.
  private mutating func offerFailed(_ step: inout Step, _ why: String) {
    guard !step.policy.atMostOnce else { return fault(.leaseLost, &step, 5) }
    offerAgain(&step, 5, why)
  }

  mutating func offerAgain(_ step: inout Step, _ number: UInt8, _ why: String) {
    counters.offers += 1
    guard counters.offers < SlotPolicy.offers else { return fault(.undeliverable, &step, number) }
    phase = .waiting(readyAt: step.now, latecomer: nil)
    step.move(number, why)
  }
}

extension SlotEvent {
  /// Asking a final slot to end again is harmless.
  fileprivate var isRepeatedStop: Bool {
    if case .cancel = self { return true }
    return false
  }
}
