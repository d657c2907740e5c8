/// One shard of one task, and where it stands: the smallest thing that is handed out and retried.
///
/// It changes only through `apply(_:under:by:at:jitter:)`, which knows every legal move.
package struct Slot: Sendable, Hashable {
  package let id: SlotID
  package var phase: Phase
  /// The token of the latest hand-over; `Epoch.none` before the first.
  package var epoch: Epoch = .none
  /// The final report that was accepted for `epoch`, so that a repeat gets the same answer.
  package var settledBy: ReportKind?
  package var counters = Counters()
  /// When the first run started; the queue limit ends there.
  package var firstStartedAt: Timestamp?
  package var progress: Progress?

  package init(id: SlotID, phase: Phase) {
    self.id = id
    self.phase = phase
  }

  /// What is true only in one state.
  package enum Phase: Sendable, Hashable {
    /// Created: ready from `readyAt` on. `latecomer` may still hand in the result of a lost lease.
    case waiting(readyAt: Timestamp, latecomer: Owner?)
    /// Created, and held back until every reason is gone.
    case held(Hold, readyAt: Timestamp)
    /// WaitingToRun: bound to a worker that has not yet said it started.
    case offered(Owner, at: Timestamp)
    case running(Owner, since: Timestamp)
    /// Running, but asked to stop; forced after `stopBy`.
    case stopping(Owner, since: Timestamp, StopReason, stopBy: Timestamp)
    case completed(Completion)
    case faulted(FaultReason)
    case canceled(CancelReason)
  }

  /// Three counters, never mixed: a worker's death must not eat the user's retries.
  package struct Counters: Sendable, Hashable {
    /// Runs that started, lost leases not counted.
    package var attempts = 0
    /// Hand-overs that came back without a start.
    package var offers = 0
    /// When leases were lost while running; only those that still count.
    package var crashes: [Timestamp] = []

    package init() {}
  }

  /// The latest sign of progress of the run at hand.
  package struct Progress: Sendable, Hashable {
    /// 0 to 100, `nil` when the handler does not know.
    package var percent: Int?
    package var note: String

    package init(percent: Int?, note: String) {
      self.percent = percent
      self.note = note
    }
  }

  package var state: TaskState {
    switch phase {
    case .waiting, .held: .created
    case .offered: .waitingToRun
    case .running, .stopping: .running
    case .completed: .runToCompletion
    case .faulted: .faulted
    case .canceled: .canceled
    }
  }

  /// Who has the slot in hand, if anybody.
  package var owner: Owner? {
    switch phase {
    case .offered(let owner, _), .running(let owner, _), .stopping(let owner, _, _, _): owner
    case .waiting, .held, .completed, .faulted, .canceled: nil
    }
  }

  /// When it may be handed out, if it may.
  package var readyAt: Timestamp? {
    guard case .waiting(let readyAt, _) = phase else { return nil }
    return readyAt
  }

  package var run: RunID { RunID(slot: id, epoch: epoch) }
}

/// The process that has a slot in hand. An object, since slots and moves hand it on.
package final class Owner: Sendable, Hashable {
  /// The worker's stable name.
  package let worker: String
  package let boot: BootID

  package init(worker: String, boot: BootID) {
    self.worker = worker
    self.boot = boot
  }

  package static func == (first: Owner, second: Owner) -> Bool {
    first === second || (first.boot == second.boot && first.worker == second.worker)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(boot)
  }
}

/// Why a created slot is not handed out yet.
package struct Hold: OptionSet, Sendable, Hashable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The trigger's previous task is not final.
  package static let overlap = Hold(rawValue: 1)
  /// An operator paused the task.
  package static let paused = Hold(rawValue: 2)
}

/// How a slot came to be complete.
package enum Completion: UInt8, Sendable, Hashable {
  case normal = 0
  /// The work was faster than the request to stop it.
  case despiteCancel = 1
  /// The result of a lost lease was saved instead of running again.
  case late = 2
}

/// Why a slot failed for good.
package enum FaultReason: UInt8, Sendable, Hashable {
  case failed = 0
  case undeliverable = 1
  case leaseLost = 2
  case poisoned = 3
  case timeLimit = 4
  case queueTimeout = 5
  case totalTimeout = 6

  package var name: String {
    switch self {
    case .failed: "failed"
    case .undeliverable: "undeliverable"
    case .leaseLost: "lease-lost"
    case .poisoned: "poisoned"
    case .timeLimit: "time-limit"
    case .queueTimeout: "queue-timeout"
    case .totalTimeout: "total-timeout"
    }
  }
}

/// Why a slot was canceled.
package enum CancelReason: UInt8, Sendable, Hashable {
  case requested = 0
  case replaced = 1
  case triggerDeleted = 2

  package var name: String {
    switch self {
    case .requested: "cancel"
    case .replaced: "replaced"
    case .triggerDeleted: "trigger-deleted"
    }
  }
}

/// Why a run was asked to stop.
package enum StopReason: Sendable, Hashable {
  case cancel(CancelReason)
  case runTimeout
  case heartbeatTimeout
  case totalTimeout

  /// Whether nothing follows once the run has stopped; otherwise it may be tried again.
  package var isLast: Bool {
    switch self {
    case .cancel, .totalTimeout: true
    case .runTimeout, .heartbeatTimeout: false
    }
  }

  package var name: String {
    switch self {
    case .cancel(let reason): reason.name
    case .runTimeout: "run-timeout"
    case .heartbeatTimeout: "heartbeat-timeout"
    case .totalTimeout: "total-timeout"
    }
  }
}

/// The reports that end a run.
package enum ReportKind: UInt8, Sendable, Hashable {
  case succeeded = 0
  case failed = 1
  case stopped = 2
  case declined = 3
  case released = 4
}
