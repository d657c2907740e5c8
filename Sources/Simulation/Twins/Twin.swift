import Engine
import Store
import TompionTesting

/// The product with one rule broken on purpose: the oracle must notice.
///
/// A twin interferes with what the harness passes between the parts. The parts themselves have no
/// switch for it.
package class Twin {
  package let name: String
  /// The invariants of which one must be seen to break.
  package let invariants: Set<Invariant>

  init(_ name: String, breaks invariants: Set<Invariant>) {
    self.name = name
    self.invariants = invariants
  }

  /// What the store carries out instead of `commands`.
  func replacement(for commands: [SlotCommand], in ledger: MemoryLedger) -> [SlotCommand] {
    commands
  }

  /// Called at the beginning of each transaction, with the commands that it will carry out.
  func begins(_ ledger: MemoryLedger, _ commands: [SlotCommand]) {}

  /// Called when the operation of a transaction is done, before slots are bound along with it.
  func performed(_ ledger: MemoryLedger) {}

  /// Called before each commit.
  func ends(_ ledger: MemoryLedger) {}

  /// Matching hears of a commit before it is one.
  var tellsBeforeCommit: Bool { false }
  /// Reports are acknowledged when they arrive.
  var acknowledgesAtOnce: Bool { false }
  /// Whether the server takes runs away from workers that fell silent.
  var reaps: Bool { true }
  /// How many slots are kept in memory; `nil` for what the scenario says.
  var queueBound: Int? { nil }
  /// Whether a worker may enter a handler twice for one offer.
  var entersTwice: Bool { false }
}

extension Twin {
  /// Every twin by its name, made anew for each simulation.
  package static let all: [String: @Sendable () -> Twin] = {
    let makers: [@Sendable () -> Twin] = [
      { FireLost() }, { WatermarkIgnored() }, { FenceIgnored() }, { ResultTakenTwice() },
      { EpochReused() }, { EndReopened() }, { ReadyTimeIgnored() }, { SentBeforeCommit() },
      { AcknowledgedAtOnce() }, { RefusalUncounted() }, { LeaseNeverReaped() },
      { RetryLimitIgnored() }, { CrashesUncounted() }, { BlockerForgotten() },
      { QueueUnbounded() }, { OfferEnteredTwice() }, { HistoryForgotten() },
    ]
    return Dictionary(uniqueKeysWithValues: makers.map { ($0().name, $0) })
  }()
}
