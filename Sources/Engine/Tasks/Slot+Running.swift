// The moves of a slot whose handler was entered.
extension Slot {
  mutating func moveRunning(
    _ step: inout Step,
    owner: Owner,
    since: Timestamp
  ) throws(Refusal) {
    switch step.event {
    case .succeeded:
      phase = .completed(.normal)
      step.move(7)
    case .failed(let message, let retryable, let retryAfter):
      step.why = message
      retryOrFault(&step, as: .failed, retryable: retryable, retryAfter: retryAfter, moves: (8, 9))
    case .stopped(let message):  // Nobody asked it to; it gave up by itself.
      step.why = message.isEmpty ? "stopped by the worker" : message
      retryOrFault(&step, as: .failed, retryable: true, retryAfter: nil, moves: (8, 9))
    case .released:
      counters.attempts -= 1
      offerAgain(&step, 16, "released")
    case .leaseLost:
      crash(&step, owner: owner)
    case .cancel(let reason):
      stop(.cancel(reason), &step, owner: owner, since: since)
    case .limitPassed(.run):
      stop(.runTimeout, &step, owner: owner, since: since)
    case .limitPassed(.heartbeat):
      stop(.heartbeatTimeout, &step, owner: owner, since: since)
    case .limitPassed(.total):
      stop(.totalTimeout, &step, owner: owner, since: since)
    case .progressed(let progress):
      self.progress = progress
    case .started, .resume:
      throw .alreadyDone
    case .offer, .declined, .acknowledgementOverdue, .limitPassed(.queue), .stopOverdue, .pause,
      .blockerEnded:
      throw .illegalMove
    }
  }

  mutating func moveStopping(
    _ step: inout Step,
    owner: Owner,
    reason: StopReason
  ) throws(Refusal) {
    switch step.event {
    case .succeeded:
      phase = .completed(.despiteCancel)
      step.move(14, "finished despite cancel")
    case .stopped, .failed, .released:
      endStop(&step, reason, moves: (canceled: 12, other: 13))
    case .stopOverdue, .leaseLost:
      endStop(&step, reason, moves: (canceled: 15, other: 15))
      step.why = "forced: \(reason.name)"
    case .progressed(let progress):
      self.progress = progress
    case .cancel, .started:
      throw .alreadyDone
    case .offer, .declined, .acknowledgementOverdue, .limitPassed, .pause, .resume, .blockerEnded:
      throw .illegalMove
    }
  }

  private mutating func stop(
    _ reason: StopReason,
    _ step: inout Step,
    owner: Owner,
    since: Timestamp
  ) {
    let stopBy = step.now + TimeLimits.cancelGrace
    phase = .stopping(owner, since: since, reason, stopBy: stopBy)
    step.move(11, reason.name)
  }

  private mutating func endStop(
    _ step: inout Step,
    _ reason: StopReason,
    moves: (canceled: UInt8, other: UInt8)
  ) {
    switch reason {
    case .cancel(let reason):
      phase = .canceled(reason)
      step.move(moves.canceled, reason.name)
    case .totalTimeout:
      fault(.totalTimeout, &step, moves.other)
    case .runTimeout, .heartbeatTimeout:
      step.why = reason.name
      retryOrFault(
        &step,
        as: .timeLimit,
        retryable: true,
        retryAfter: nil,
        moves: (moves.other, moves.other)
      )
    }
  }

  // MARK: After a run

  /// Waits for the next attempt, or gives up; the step's `why` stays.
  private mutating func retryOrFault(
    _ step: inout Step,
    as reason: FaultReason,
    retryable: Bool,
    retryAfter: Duration?,
    moves: (retry: UInt8, fault: UInt8)
  ) {
    let planned = step.policy.retry.delay(afterAttempt: counters.attempts, jitter: step.jitter)
    guard retryable, !step.policy.atMostOnce, let planned else {
      step.number = moves.fault
      phase = .faulted(reason)
      return
    }
    step.number = moves.retry
    phase = .waiting(readyAt: step.now + (retryAfter ?? planned), latecomer: nil)
  }

  /// The worker was lost in mid-run: at once again, after a second time with a wait, never after a third.
  private mutating func crash(_ step: inout Step, owner: Owner) {
    guard !step.policy.atMostOnce else { return fault(.leaseLost, &step, 10) }
    counters.attempts -= 1
    counters.crashes.removeAll { step.now - $0 > SlotPolicy.crashWindow }
    counters.crashes.append(step.now)
    guard counters.crashes.count < SlotPolicy.crashes else { return fault(.poisoned, &step, 10) }
    let wait =
      counters.crashes.count == 1
      ? Duration.zero : RetryPolicy(retries: 1).delay(afterAttempt: 1, jitter: step.jitter) ?? .zero
    phase = .waiting(readyAt: step.now + wait, latecomer: owner)
    step.move(10, "lease lost")
  }

  mutating func fault(_ reason: FaultReason, _ step: inout Step, _ number: UInt8) {
    phase = .faulted(reason)
    step.move(number, reason.name)
  }
}
