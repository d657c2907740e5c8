import Engine
import Store
import TompionTesting

/// The product with one rule broken on purpose: the oracle must notice.
///
/// A twin interferes with what the harness passes between the parts. The parts themselves have no
/// switch for it.
package class Twin {
  package let name: String
  /// What the broken rule is there for.
  package let invariant: Invariant
  package let summary: String

  init(_ name: String, breaks invariant: Invariant, _ summary: String) {
    self.name = name
    self.invariant = invariant
    self.summary = summary
  }

  /// Called at the beginning of each transaction, with the commands that it will carry out.
  func begins(_ ledger: MemoryLedger, _ commands: [SlotCommand]) {}

  /// Called before each commit.
  func ends(_ ledger: MemoryLedger) {}

  /// The reports of a worker, on their way to the store.
  func reports(_ commands: [SlotCommand]) -> [SlotCommand] { commands }

  /// Matching hears of a commit before it is one.
  var tellsBeforeCommit: Bool { false }
  /// Reports are acknowledged when they arrive.
  var acknowledgesAtOnce: Bool { false }
  var reapsNothing: Bool { false }
  /// How many slots are kept in memory; `nil` for what the scenario says.
  var queueBound: Int? { nil }
}
