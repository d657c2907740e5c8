import Dispatch
import Engine
import Foundation
import PlatformSQLite
import Store
import Synchronization

/// The one thread that writes: takes what queued up while the last commit ran into the next one.
final class Writer: Sendable {
  private let mailbox: Mailbox
  private let ledger: Mutex<SQLiteLedger?>
  private let matching: any Matching
  private let configuration: SQLiteStoreConfiguration
  private let state: Mutex<State>

  /// What others may ask about the writer while it works.
  private struct State {
    var trouble: String?
    var generation: UInt32
    var lastSequence: Int64
    var commits = 0
    var unsettled = 0
    var isFinished = false
    var whenFinished: [CheckedContinuation<Void, Never>] = []
  }

  init(
    _ ledger: sending SQLiteLedger,
    _ configuration: SQLiteStoreConfiguration,
    _ matching: any Matching
  ) {
    mailbox = Mailbox(bound: configuration.mailboxBound)
    self.matching = matching
    self.configuration = configuration
    state = Mutex(State(generation: ledger.generation, lastSequence: ledger.lastSequence))
    self.ledger = Mutex(ledger)
  }

  /// Begins to work, until `close`.
  func start() {
    let thread = Thread { self.work() }
    thread.name = "tompion.sqlite.writer"
    thread.stackSize = 4 << 20
    thread.start()
  }

  func post(_ operation: StoreOperation) {
    if let refusal = mailbox.post(operation) { operation.fail(refusal) }
  }

  func stir() { mailbox.stir() }

  /// Stops taking work in; `finish` waits for what is there.
  func close() { mailbox.close() }

  /// Finishes what was begun, folds the log into the database and closes it.
  func finish() async {
    close()
    await withCheckedContinuation { (finished: CheckedContinuation<Void, Never>) in
      let isFinished = state.withLock { state in
        if !state.isFinished { state.whenFinished.append(finished) }
        return state.isFinished
      }
      if isFinished { finished.resume() }
    }
  }

  func status(name: String) -> StoreStatus {
    state.withLock { state in
      StoreStatus(
        name: name,
        version: Connection.libraryVersion,
        generation: state.generation,
        trouble: state.trouble,
        lastSequence: state.lastSequence
      )
    }
  }

  /// How many transactions were committed.
  var commits: Int { state.withLock { $0.commits } }

  /// The time, as transactions see it.
  var now: Timestamp { configuration.clock() }

  /// Whether slots or triggers are ahead of their rows.
  var hasUnsettled: Bool { state.withLock { $0.unsettled > 0 } }

  // MARK: The thread

  private func work() {
    var waiting: [StoreOperation] = []
    var isStirred = false
    var isLast = false
    while !isLast || !waiting.isEmpty {
      if waiting.isEmpty {
        let delivery = mailbox.take(timeout: patience)
        waiting = delivery.operations.filter { !$0.onlyReads }
        if waiting.count < delivery.operations.count { answerReads(delivery.operations) }
        isStirred = isStirred || delivery.isStirred
        isLast = delivery.isLast
        if delivery.operations.isEmpty, !isStirred, !isLast { useTheQuiet() }
      }
      let batch = Array(waiting.prefix(batchSize(waiting)))
      waiting.removeFirst(batch.count)
      // While nothing can be written, nothing is claimed either.
      run(Transaction(operations: batch, binds: trouble == nil), isStirred: &isStirred)
    }
    ledger.withLock { ledger in
      // Should either fail, the next start reads the pages and the log.
      try? ledger?.settleAtEnd()
      _ = try? ledger?.connection.checkpoint(.truncate)
      ledger = nil
    }
    let finished = state.withLock { state in
      state.isFinished = true
      defer { state.whenFinished = [] }
      return state.whenFinished
    }
    for continuation in finished { continuation.resume() }
  }

  /// How long nothing may come before the quiet is used for something else.
  private var patience: DispatchTimeInterval {
    if trouble != nil { return .seconds(1) }
    return hasUnsettled ? .milliseconds(50) : .seconds(60)
  }

  private func useTheQuiet() {
    guard trouble == nil else { return probe() }
    guard hasUnsettled else { return }
    var isStirred = false
    run(Transaction(operations: [], binds: true, settles: true), isStirred: &isStirred)
  }

  /// Those that only read see what was committed last; no commit, and no trouble with one, is theirs.
  private func answerReads(_ operations: [StoreOperation]) {
    for operation in operations where operation.onlyReads {
      let answer = ledger.withLock { ledger -> Result<StoreOperation.Answer, StoreError> in
        guard let ledger else { return .failure(.closed) }
        do throws(StoreError) {
          return .success(try operation.perform(ledger))
        } catch {
          return .failure(error)
        }
      }
      switch answer {
      case .success(let tell): tell()
      case .failure(let error): operation.fail(error)
      }
    }
  }

  /// How many of the operations go into one transaction; at least one.
  private func batchSize(_ waiting: [StoreOperation]) -> Int {
    var rows = 0
    var count = 0
    for operation in waiting.prefix(configuration.operationsPerCommit) {
      rows += operation.weight
      guard count == 0 || rows <= configuration.rowsPerCommit else { break }
      count += 1
    }
    return count
  }

  private func run(_ transaction: Transaction, isStirred: inout Bool) {
    guard
      !transaction.operations.isEmpty || transaction.settles || (isStirred && transaction.binds)
    else { return }
    isStirred = false
    let outcome = ledger.withLock { ledger -> Outcome in
      guard let ledger else { return Outcome(fate: .failure(.closed)) }
      return transaction.run(on: ledger, matching)
    }
    conclude(transaction, outcome)
    guard !transaction.binds, case .success(let commit?) = outcome.fate else { return }
    isStirred = true  // Claim what was left alone, and what matching has not heard of.
    let claims = Transaction(operations: [], binds: true, unheard: commit.changes)
    run(claims, isStirred: &isStirred)
  }

  private func conclude(_ transaction: Transaction, _ outcome: Outcome) {
    switch outcome.fate {
    case .success(nil):
      break
    case .success(let commit?):
      state.withLock { state in
        state.trouble = nil
        state.commits += 1
        state.lastSequence = max(state.lastSequence, outcome.lastSequence)
        state.generation = outcome.generation
        state.unsettled = outcome.unsettled
      }
      matching.committed(commit)
      for answer in outcome.answers { answer() }
    case .failure(let error):
      note(error)
      if !outcome.bindings.isEmpty { matching.undone(outcome.bindings) }
      for operation in transaction.operations { operation.fail(error) }
    }
  }

  // MARK: Trouble

  private var trouble: String? { state.withLock { $0.trouble } }

  private func note(_ error: StoreError) {
    if let cause = error.cause as? SQLiteError, cause.isSyncFailure {
      configuration.onSyncFailure("the disk failed to sync the database: \(cause.message)")
    }
    state.withLock { $0.trouble = error.message }
  }

  /// Finds out whether the database can be written again.
  private func probe() {
    let failure = ledger.withLock { ledger -> StoreError? in
      guard let ledger else { return .closed }
      do throws(StoreError) {
        try Meta.probe(ledger.connection)
        return nil
      } catch {
        return error
      }
    }
    if let failure { return note(failure) }
    state.withLock { $0.trouble = nil }
    mailbox.stir()
  }
}
