/// Something that happened to a slot, or is asked of it.
package enum SlotEvent: Sendable, Hashable {
  // Matching.
  case offer(to: Owner, epoch: Epoch)

  // A worker's message.
  case started
  case succeeded(result: [UInt8])
  case failed(message: String, retryable: Bool, retryAfter: Duration?)
  case stopped(message: String)
  case declined(reason: String)
  case released
  case progressed(Slot.Progress)

  // The reaper.
  case acknowledgementOverdue
  case leaseLost
  case limitPassed(Limit)
  case stopOverdue

  // An operator, a client, or the trigger.
  case cancel(CancelReason)
  case pause
  case resume
  case blockerEnded

  /// The limits that the reaper watches.
  package enum Limit: UInt8, Sendable, Hashable {
    case queue = 0
    case run = 1
    case heartbeat = 2
    case total = 3
  }

  /// The report behind the event, when it is one that ends a run.
  package var reportKind: ReportKind? {
    switch self {
    case .succeeded: .succeeded
    case .failed: .failed
    case .stopped: .stopped
    case .declined: .declined
    case .released: .released
    case .offer, .started, .progressed, .acknowledgementOverdue, .leaseLost, .limitPassed,
      .stopOverdue, .cancel, .pause, .resume, .blockerEnded:
      nil
    }
  }
}

/// What a change is conditional on: an old epoch or another owner is refused.
package struct Fence: Sendable, Hashable {
  package let epoch: Epoch
  /// The process that reports; `nil` when the server itself acts on what it saw.
  package let boot: BootID?

  package init(epoch: Epoch, boot: BootID? = nil) {
    self.epoch = epoch
    self.boot = boot
  }
}

/// One legal move, as the slot's history keeps it.
package struct SlotMove: Sendable, Hashable {
  /// The number of the move in the table of legal moves.
  package var number: UInt8
  package var from: TaskState
  package var to: TaskState
  /// Why, in a word or in the handler's own message.
  package var why: String
  package var epoch: Epoch
  package var at: Timestamp
  /// When the slot may be handed out again, for moves that lead there.
  package var readyAt: Timestamp?
  /// Who took the slot, for a claim.
  package var owner: Owner?

  package init(
    number: UInt8,
    from: TaskState,
    to: TaskState,
    why: String,
    epoch: Epoch,
    at: Timestamp,
    readyAt: Timestamp? = nil,
    owner: Owner? = nil
  ) {
    self.number = number
    self.from = from
    self.to = to
    self.why = why
    self.epoch = epoch
    self.at = at
    self.readyAt = readyAt
    self.owner = owner
  }
}

/// Why a slot did not move.
package enum Refusal: String, Error, Sendable, Hashable, CaseIterable {
  /// The slot was handed out again since; whoever reports must drop the run.
  case staleEpoch = "stale-epoch"
  /// Another process has the slot.
  case notOwner = "not-owner"
  /// The slot is final.
  case final = "final"
  /// The table of moves has no such move from here.
  case illegalMove = "illegal-move"
  /// There is no such slot.
  case unknownSlot = "unknown-slot"
  /// The same was done before; the answer is the same again, and nothing needs counting.
  case alreadyDone = "already-done"
}
