import PlatformSQLite
import Store

/// One commit in the making: operations that arrived together, and the bindings that follow.
struct Transaction {
  let operations: [StoreOperation]
  /// Whether ready slots are bound along with it.
  let binds: Bool
  /// Whether rows are settled although few are behind.
  var settles = false
  /// What was committed before without matching being asked.
  var unheard: [SlotChange] = []

  /// Carries it out; without savepoints first, since hardly ever does an operation fail half-way.
  func run(on ledger: SQLiteLedger, _ matching: any Matching) -> Outcome {
    if operations.isEmpty, !settles { return runBindings(on: ledger, matching) }
    return attempt(on: ledger, carefully: false, matching)
      ?? attempt(on: ledger, carefully: true, matching)
      ?? Outcome(fate: .failure(StoreError(.unavailable, "the transaction could not be undone")))
  }

  /// Nothing is begun when nothing is to be bound.
  private func runBindings(on ledger: SQLiteLedger, _ matching: any Matching) -> Outcome {
    let bindings = matching.bind(after: unheard)
    guard !bindings.isEmpty else { return Outcome(fate: .success(nil)) }
    var outcome = Outcome(fate: .success(nil), bindings: bindings)
    do throws(StoreError) {
      try ledger.begin(carefully: false)
      try bind(bindings, on: ledger, &outcome)
      try finish(ledger, &outcome)
    } catch {
      ledger.abandon()
      outcome.fate = .failure(error)
    }
    return outcome
  }

  /// `nil` when an operation failed half-way, so that all must be done again with savepoints.
  private func attempt(
    on ledger: SQLiteLedger,
    carefully: Bool,
    _ matching: any Matching
  ) -> Outcome? {
    var outcome = Outcome(fate: .success(nil))
    do throws(StoreError) {
      try ledger.begin(carefully: carefully)
      for operation in operations {
        outcome.answers.append(try perform(operation, on: ledger))
        guard !ledger.mustRedo else {
          ledger.abandon()
          return nil
        }
      }
      if binds {
        let changes = ledger.commit.changes
        let bindings = matching.bind(after: unheard.isEmpty ? changes : unheard + changes)
        try bind(bindings, on: ledger, &outcome)
      }
      try finish(ledger, &outcome)
    } catch {
      ledger.abandon()
      outcome.fate = .failure(error)
    }
    return outcome
  }

  /// Throws only what dooms the whole transaction.
  private func perform(
    _ operation: StoreOperation,
    on ledger: SQLiteLedger
  ) throws(StoreError) -> StoreOperation.Answer {
    var answer: StoreOperation.Answer = {}
    do throws(StoreError) {
      try ledger.undoably { () throws(StoreError) in answer = try operation.perform(ledger) }
    } catch {
      guard !error.dooms else { throw error }
      return { operation.fail(error) }
    }
    return answer
  }

  private func bind(
    _ bindings: [SlotCommand],
    on ledger: SQLiteLedger,
    _ outcome: inout Outcome
  ) throws(StoreError) {
    outcome.bindings = bindings
    ledger.readClock()  // What came due since the transaction began may be among them.
    try ledger.bind(bindings)
  }

  /// How much is settled at once when there is nothing else to do.
  private static let quietSlices = SettlingLimits(slots: 256, triggers: 256)

  private func finish(_ ledger: SQLiteLedger, _ outcome: inout Outcome) throws(StoreError) {
    try ledger.refreshGeneration()
    try ledger.end(settling: settles ? Transaction.quietSlices : ledger.slices)
    outcome.lastSequence = ledger.lastSequence
    outcome.generation = ledger.generation
    outcome.unsettled = ledger.unsettledCount
    outcome.fate = .success(ledger.commit)
  }
}

/// What became of a transaction.
struct Outcome {
  /// What was committed; `nil` when there was nothing to do.
  var fate: Result<Commit?, StoreError>
  var answers: [StoreOperation.Answer] = []
  /// What the matching asked for.
  var bindings: [SlotCommand] = []
  var lastSequence: Int64 = 0
  var generation: UInt32 = 0
  /// How many slots and triggers are ahead of their rows.
  var unsettled = 0
}
