import Engine
import Store
import TompionTesting

/// Whoever reports is believed, whatever became of the run meanwhile.
final class FenceIgnored: Twin {
  init() {
    super.init("fence-ignored", breaks: [.i2, .i3])
  }

  override func replacement(
    for commands: [SlotCommand],
    in ledger: MemoryLedger
  ) -> [SlotCommand] {
    commands.map { command in
      guard command.fence?.boot != nil, let slot = ledger.slot(command.slot)?.slot,
        let owner = slot.owner
      else { return command }
      let fence = Fence(epoch: slot.epoch, boot: owner.boot)
      return SlotCommand(command.slot, command.event, fence: fence)
    }
  }
}

/// Offers leave while their commit is on its way.
final class SentBeforeCommit: Twin {
  init() {
    super.init("sent-before-commit", breaks: [.i6])
  }

  override var tellsBeforeCommit: Bool { true }
}

/// A worker is told that its result is stored when it has merely arrived.
final class AcknowledgedAtOnce: Twin {
  init() {
    super.init("acknowledged-at-once", breaks: [.i6])
  }

  override var acknowledgesAtOnce: Bool { true }
}

/// Nobody looks after workers that fell silent.
final class LeaseNeverReaped: Twin {
  init() {
    super.init("lease-never-reaped", breaks: [.i8])
  }

  override var reaps: Bool { false }
}

/// Servers keep in memory whatever is ready.
final class QueueUnbounded: Twin {
  init() {
    super.init("queue-unbounded", breaks: [.i11])
  }

  override var queueBound: Int? { 1_000_000 }
}

/// A worker enters its handler again when an offer is repeated.
final class OfferEnteredTwice: Twin {
  init() {
    super.init("offer-entered-twice", breaks: [.i2])
  }

  override var entersTwice: Bool { true }
}
