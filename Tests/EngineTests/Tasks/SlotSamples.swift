import Engine

/// Every phase a slot can be in, each told apart as far as the rules do.
enum SamplePhase: String, CaseIterable, Sendable {
  case ready, delayed, latecomer, heldByOverlap, paused, heldTwice
  case offered, running
  case stoppingForCancel, stoppingForReplace, stoppingForRunLimit, stoppingForHeartbeat
  case stoppingForTotalLimit
  case completed, faulted, canceled

  static let now = Timestamp(seconds: 1_000_000)
  static let owner = Owner(worker: "worker-1", boot: BootID(UUIDv7(high: 1, low: 1)))
  static let epoch = Epoch(7)

  var phase: Slot.Phase {
    let (now, owner) = (SamplePhase.now, SamplePhase.owner)
    func stopping(_ reason: StopReason) -> Slot.Phase {
      .stopping(owner, since: now, reason, stopBy: now + .seconds(30))
    }
    return switch self {
    case .ready: .waiting(readyAt: now, latecomer: nil)
    case .delayed: .waiting(readyAt: now + .seconds(5), latecomer: nil)
    case .latecomer: .waiting(readyAt: now, latecomer: owner)
    case .heldByOverlap: .held(.overlap, readyAt: now)
    case .paused: .held(.paused, readyAt: now)
    case .heldTwice: .held([.overlap, .paused], readyAt: now)
    case .offered: .offered(owner, at: now)
    case .running: .running(owner, since: now)
    case .stoppingForCancel: stopping(.cancel(.requested))
    case .stoppingForReplace: stopping(.cancel(.replaced))
    case .stoppingForRunLimit: stopping(.runTimeout)
    case .stoppingForHeartbeat: stopping(.heartbeatTimeout)
    case .stoppingForTotalLimit: stopping(.totalTimeout)
    case .completed: .completed(.normal)
    case .faulted: .faulted(.failed)
    case .canceled: .canceled(.requested)
    }
  }

  /// A slot in the phase, on its first attempt where it has one.
  var slot: Slot {
    var slot = Slot(id: SlotID(task: TaskID(UUIDv7(high: 1, low: 2)), shard: 0), phase: phase)
    slot.epoch = SamplePhase.epoch
    switch self {
    case .running, .stoppingForCancel, .stoppingForReplace, .stoppingForRunLimit,
      .stoppingForHeartbeat, .stoppingForTotalLimit:
      slot.counters.attempts = 1
      slot.firstStartedAt = SamplePhase.now
    case .latecomer:
      slot.counters.crashes = [SamplePhase.now]
      slot.firstStartedAt = SamplePhase.now
    case .ready, .delayed, .heldByOverlap, .paused, .heldTwice, .offered, .completed, .faulted,
      .canceled:
      break
    }
    return slot
  }
}

/// Every event, each told apart as far as the rules do.
enum SampleEvent: String, CaseIterable, Sendable {
  case offer, started, succeeded, failed, failedForGood, stopped, declined, released, progressed
  case acknowledgementOverdue, leaseLost, stopOverdue
  case queueLimit, runLimit, heartbeatLimit, totalLimit
  case cancel, replace, deleteTrigger, pause, resume, blockerEnded

  var event: SlotEvent {
    switch self {
    case .offer: .offer(to: SamplePhase.owner, epoch: Epoch(8))
    case .started: .started
    case .succeeded: .succeeded(result: [1])
    case .failed: .failed(message: "no", retryable: true, retryAfter: nil)
    case .failedForGood: .failed(message: "no", retryable: false, retryAfter: nil)
    case .stopped: .stopped(message: "")
    case .declined: .declined(reason: "busy")
    case .released: .released
    case .progressed: .progressed(Slot.Progress(percent: 50, note: ""))
    case .acknowledgementOverdue: .acknowledgementOverdue
    case .leaseLost: .leaseLost
    case .stopOverdue: .stopOverdue
    case .queueLimit: .limitPassed(.queue)
    case .runLimit: .limitPassed(.run)
    case .heartbeatLimit: .limitPassed(.heartbeat)
    case .totalLimit: .limitPassed(.total)
    case .cancel: .cancel(.requested)
    case .replace: .cancel(.replaced)
    case .deleteTrigger: .cancel(.triggerDeleted)
    case .pause: .pause
    case .resume: .resume
    case .blockerEnded: .blockerEnded
    }
  }
}

extension Slot {
  /// Applies an event under the usual policy, with half the jitter.
  mutating func apply(
    _ event: SlotEvent,
    fence: Fence? = nil,
    retries: Int = 3,
    atMostOnce: Bool = false
  ) throws(Refusal) -> SlotMove? {
    let retry = RetryPolicy(retries: retries, base: .seconds(2), cap: .seconds(8))
    return try apply(
      event,
      fence: fence,
      policy: SlotPolicy(retry: retry, atMostOnce: atMostOnce),
      at: SamplePhase.now,
      jitter: 0.5
    )
  }
}
