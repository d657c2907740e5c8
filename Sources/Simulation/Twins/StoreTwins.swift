import Engine
import Store
import TompionTesting

/// A fire is consumed in one transaction, and its task would come in another, which is lost now and then.
final class FireLost: Twin {
  private var count = 0

  init() {
    super.init("fire-lost", breaks: [.i1])
  }

  override func begins(_ ledger: MemoryLedger, _ commands: [SlotCommand]) {
    for trigger in ledger.tables.triggers.values.sorted(by: { $0.id < $1.id }) {
      guard let due = trigger.state.nextFireAt, due <= ledger.now, !trigger.definition.isFixedDelay
      else { continue }
      count += 1
      guard count.isMultiple(of: 5) else { continue }
      var lost = trigger
      lost.state.firedThrough = due
      lost.state.nextFireAt = try? trigger.recurrence().next(after: due)
      ledger.update(lost)
    }
  }
}

/// Triggers are planned from the clock alone, and old tasks are no hindrance.
final class WatermarkIgnored: Twin {
  private var last = Timestamp(microseconds: 0)

  init() {
    super.init("watermark-ignored", breaks: [.i1])
  }

  override func begins(_ ledger: MemoryLedger, _ commands: [SlotCommand]) {
    defer { last = ledger.now }
    guard ledger.now < last else { return }  // The clock was set back.
    _ = ledger.dropTasks(endedBefore: .distantFuture, keepingPerTrigger: 0, limit: 10_000)
    for trigger in ledger.tables.triggers.values
    where trigger.state.isOnline && !trigger.definition.isFixedDelay {
      var forgetful = trigger
      forgetful.state.firedThrough = ledger.now
      forgetful.state.nextFireAt = try? trigger.recurrence().next(after: ledger.now)
      ledger.update(forgetful)
      ledger.commit.planned.append((trigger.id, forgetful.state.nextFireAt))
    }
  }
}

/// A claim gets the token of the one before.
final class EpochReused: Twin {
  private var epochs: [SlotID: Epoch] = [:]

  init() {
    super.init("epoch-reused", breaks: [.i3])
  }

  override func ends(_ ledger: MemoryLedger) {
    for (index, change) in ledger.commit.changes.enumerated() where change.move.number == 3 {
      guard let first = epochs[change.slot.id] else {
        epochs[change.slot.id] = change.slot.epoch
        continue
      }
      ledger.commit.changes[index] = change.changed { slot, move in
        slot.epoch = first
        move.epoch = first
      }
      guard let entry = ledger.slot(change.slot.id) else { continue }
      ledger.change(entry) { $0.slot.epoch = first }
    }
  }
}

/// What failed for good is put back in line.
final class EndReopened: Twin {
  init() {
    super.init("end-reopened", breaks: [.i4])
  }

  override func performed(_ ledger: MemoryLedger) {
    for change in ledger.commit.changes where change.move.number == 9 {
      guard let entry = ledger.slot(change.slot.id) else { continue }
      let again = change.changed(sequence: ledger.nextSequence()) { slot, move in
        slot.phase = .waiting(readyAt: ledger.now, latecomer: nil)
        move.number = 8
        move.to = .created
        move.readyAt = ledger.now
      }
      ledger.change(entry) { row in
        row.slot = again.slot
        row.history.append(.move(again.move, sequence: again.sequence))
      }
      ledger.commit.changes.append(again)
    }
  }
}

/// What is to wait for its time is handed out at once.
final class ReadyTimeIgnored: Twin {
  init() {
    super.init("ready-time-ignored", breaks: [.i5])
  }

  override func performed(_ ledger: MemoryLedger) {
    for (index, change) in ledger.commit.changes.enumerated() {
      guard case .waiting(let readyAt, let latecomer) = change.slot.phase, readyAt > ledger.now,
        let entry = ledger.slot(change.slot.id), entry.slot == change.slot
      else { continue }
      let phase = Slot.Phase.waiting(readyAt: ledger.now, latecomer: latecomer)
      ledger.change(entry) { $0.slot.phase = phase }
      ledger.commit.changes[index] = change.changed { slot, _ in slot.phase = phase }
    }
  }
}

/// A result is taken again when its worker says it again.
final class ResultTakenTwice: Twin {
  init() {
    super.init("result-taken-twice", breaks: [.i2, .i4])
  }

  override func begins(_ ledger: MemoryLedger, _ commands: [SlotCommand]) {
    for command in commands {
      guard case .succeeded = command.event, let boot = command.fence?.boot,
        let entry = ledger.slot(command.slot), entry.slot.epoch == command.fence?.epoch,
        case .completed = entry.slot.phase
      else { continue }
      ledger.change(entry) { row in
        row.slot.phase = .running(Owner(worker: "", boot: boot), since: ledger.now)
        row.slot.settledBy = nil
      }
    }
  }
}

/// A failure is always the first.
final class RetryLimitIgnored: Twin {
  init() {
    super.init("retry-limit-ignored", breaks: [.i9])
  }

  override func begins(_ ledger: MemoryLedger, _ commands: [SlotCommand]) {
    for command in commands {
      guard case .failed = command.event, let entry = ledger.slot(command.slot) else { continue }
      ledger.change(entry) { $0.slot.counters.attempts = min($0.slot.counters.attempts, 1) }
    }
  }
}

/// A lost lease is always the first.
final class CrashesUncounted: Twin {
  init() {
    super.init("crashes-uncounted", breaks: [.i5, .i9])
  }

  override func begins(_ ledger: MemoryLedger, _ commands: [SlotCommand]) {
    for command in commands {
      guard case .leaseLost = command.event, let entry = ledger.slot(command.slot) else { continue }
      ledger.change(entry) { $0.slot.counters.crashes = [] }
    }
  }
}

/// A trigger forgets what it holds back.
final class BlockerForgotten: Twin {
  init() {
    super.init("blocker-forgotten", breaks: [.i10])
  }

  override func begins(_ ledger: MemoryLedger, _ commands: [SlotCommand]) {
    for var trigger in ledger.tables.triggers.values where trigger.state.held != nil {
      trigger.state.held = nil
      ledger.update(trigger)
    }
  }
}

/// Refused reports leave no trace.
final class RefusalUncounted: Twin {
  init() {
    super.init("refusal-uncounted", breaks: [.i7])
  }

  override func ends(_ ledger: MemoryLedger) {
    ledger.commit.refusals = [:]
  }
}

/// The history of a slot begins anew with each attempt.
final class HistoryForgotten: Twin {
  init() {
    super.init("history-forgotten", breaks: [.i12])
  }

  override func ends(_ ledger: MemoryLedger) {
    for change in ledger.commit.changes where change.move.number == 8 {
      guard let entry = ledger.slot(change.slot.id) else { continue }
      ledger.change(entry) { row in
        row.history = SlotHistory()
        row.history.append(.move(change.move, sequence: change.sequence))
      }
    }
  }
}

extension SlotChange {
  /// The change as a broken store would have made it.
  fileprivate func changed(
    sequence: Int64? = nil,
    _ edit: (inout Slot, inout SlotMove) -> Void
  ) -> SlotChange {
    var (slot, move) = (slot, move)
    edit(&slot, &move)
    return SlotChange(slot: slot, task: task, move: move, sequence: sequence ?? self.sequence)
  }
}
