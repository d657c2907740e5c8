package import Engine
package import Store
internal import Synchronization

/// A store that keeps everything in memory and carries out each operation at once.
///
/// For tests and simulations: time and chance come from outside, so that a run can be repeated.
package final class MemoryStore: OperationStore {
  private struct Inbox {
    var waiting: [StoreOperation?] = []
    var isBusy = false
  }

  private let inbox = Mutex(Inbox())
  private let ledger: Mutex<MemoryLedger>
  private let matching: any Matching
  private let generation: UInt32

  /// - Parameters:
  ///   - clock: The time of each transaction.
  ///   - seed: Decides identifiers and jitter.
  package init(
    matching: any Matching = NoMatching(),
    seed: UInt64 = 1,
    generation: UInt32 = 1,
    clock: @escaping @Sendable () -> Timestamp
  ) {
    self.matching = matching
    self.generation = generation
    ledger = Mutex(MemoryLedger(clock: clock, seed: seed, generation: generation))
  }

  package func post(_ operation: StoreOperation) {
    take(operation)
  }

  package func stir() {
    take(nil)
  }

  /// Works off what waits, unless somebody already does: what an answer asks for comes after it.
  private func take(_ operation: StoreOperation?) {
    let isFirst = inbox.withLock { inbox in
      inbox.waiting.append(operation)
      defer { inbox.isBusy = true }
      return !inbox.isBusy
    }
    guard isFirst else { return }
    while let next = nextWaiting() { run(next) }
  }

  private func nextWaiting() -> StoreOperation?? {
    inbox.withLock { inbox in
      guard !inbox.waiting.isEmpty else {
        inbox.isBusy = false
        return nil
      }
      return .some(inbox.waiting.removeFirst())
    }
  }

  /// One transaction: the operation if there is one, and the bindings that follow.
  private func run(_ operation: StoreOperation?) {
    let (answer, commit) = ledger.withLock { ledger in
      ledger.begin()
      var answer: StoreOperation.Answer?
      if let operation {
        do throws(StoreError) {
          answer = try operation.perform(ledger)
        } catch {
          answer = { operation.fail(error) }
        }
      }
      bind(ledger)
      return (answer, ledger.end())
    }
    matching.committed(commit)
    answer?()
  }

  private func bind(_ ledger: MemoryLedger) {
    let bindings = matching.bind(after: ledger.commit.changes)
    ledger.readClock()
    try? ledger.bind(bindings)  // In memory nothing fails.
  }

  /// Looks at the rows between two transactions.
  func read<Result: Sendable>(_ body: (MemoryTables) -> Result) -> Result {
    ledger.withLock { body($0.tables) }
  }

  package func status() async -> StoreStatus {
    StoreStatus(
      name: "memory",
      version: "1",
      generation: generation,
      trouble: nil,
      lastSequence: ledger.withLock { $0.lastSequence }
    )
  }

  package func close() async {}
}
