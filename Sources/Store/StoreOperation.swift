package import Engine

/// One whole operation on its way to the thread that writes.
package struct StoreOperation: Sendable {
  /// What the caller hears after the commit.
  package typealias Answer = @Sendable () -> Void

  /// About how many rows it touches.
  package let weight: Int
  /// Whether it only looks at what was committed, and so needs no commit of its own.
  package let onlyReads: Bool
  /// Does the work and returns the answer, to be given once the work is durable.
  ///
  /// It may be called again after its writes were undone, and must touch nothing but the ledger.
  package let perform: @Sendable (any Ledger) throws(StoreError) -> Answer
  /// Says that the work was not done.
  package let fail: @Sendable (StoreError) -> Void

  /// An operation that answers through `reply`.
  package init<Result: Sendable>(
    weight: Int = 1,
    onlyReads: Bool = false,
    reply: @escaping Reply<Result>,
    _ body: @escaping @Sendable (any Ledger) throws(StoreError) -> Result
  ) {
    self.weight = weight
    self.onlyReads = onlyReads
    perform = { ledger throws(StoreError) in
      let result = try body(ledger)
      return { reply(.success(result)) }
    }
    fail = { reply(.failure($0)) }
  }
}

extension StoreOperation {
  package static func apply(_ commands: [SlotCommand], reply: @escaping Reply<[Verdict]>) -> Self {
    StoreOperation(weight: commands.count, reply: reply) { ledger throws(StoreError) in
      var verdicts: [Verdict] = []
      verdicts.reserveCapacity(commands.count)
      for command in commands { verdicts.append(try ledger.apply(command)) }
      return verdicts
    }
  }

  package static func submit(
    _ submissions: [Submission],
    reply: @escaping Reply<[SubmissionAnswer]>
  ) -> Self {
    let weight = submissions.reduce(0) { $0 + $1.draft.value.shardCount }
    return StoreOperation(weight: weight, reply: reply) { ledger throws(StoreError) in
      var answers: [SubmissionAnswer] = []
      answers.reserveCapacity(submissions.count)
      for submission in submissions { answers.append(try ledger.submit(submission)) }
      return answers
    }
  }

  /// Each trigger by itself: one whose rule cannot be read does not hold up the others.
  package static func fire(_ triggers: [TriggerID], reply: @escaping Reply<Void>) -> Self {
    let told: Reply<StoreError?> = { result in
      reply(result.flatMap { $0.map(Result.failure) ?? .success(()) })
    }
    return StoreOperation(weight: triggers.count * 4, reply: told) { ledger throws(StoreError) in
      var failure: StoreError?
      for trigger in triggers {
        do throws(StoreError) {
          try ledger.undoably { () throws(StoreError) in try ledger.fire(trigger) }
        } catch {
          guard error.code == .invalid else { throw error }
          failure = failure ?? error
        }
      }
      return failure
    }
  }
}

/// A store whose writing is done by operations, one after another.
package protocol OperationStore: Store {
  /// Takes an operation in; it is answered after its commit, or at once when it cannot be taken.
  func post(_ operation: StoreOperation)
}

extension OperationStore {
  package func apply(_ commands: [SlotCommand], reply: @escaping Reply<[Verdict]>) {
    post(.apply(commands, reply: reply))
  }

  package func submit(_ submissions: [Submission], reply: @escaping Reply<[SubmissionAnswer]>) {
    post(.submit(submissions, reply: reply))
  }

  package func fire(_ triggers: [TriggerID], reply: @escaping Reply<Void>) {
    post(.fire(triggers, reply: reply))
  }

  package func create(_ namespace: Namespace) async throws(StoreError) {
    try await perform { ledger throws(StoreError) in try ledger.create(namespace) }
  }

  package func update(
    _ namespace: Namespace,
    revision: Int64?
  ) async throws(StoreError) -> Namespace {
    try await perform { ledger throws(StoreError) in
      try ledger.change(namespace, revision: revision)
    }
  }

  package func deleteNamespace(_ name: String, revision: Int64?) async throws(StoreError) {
    try await perform { ledger throws(StoreError) in
      try ledger.removeNamespace(name, revision: revision)
    }
  }

  package func create(
    _ draft: TriggerDraft,
    idempotency: IdempotencyKey?
  ) async throws(StoreError) -> Trigger {
    try await perform { ledger throws(StoreError) in
      try ledger.create(draft, idempotency: idempotency)
    }
  }

  package func change(_ change: TriggerChange) async throws(StoreError) -> Trigger {
    try await perform { ledger throws(StoreError) in try ledger.change(change) }
  }

  package func command(
    _ task: TaskID,
    _ event: SlotEvent
  ) async throws(StoreError) -> [Verdict] {
    try await perform { ledger throws(StoreError) in try ledger.command(task, event) }
  }

  package func append(_ lines: [LogLine]) async throws(StoreError) {
    try await perform(weight: lines.count) { ledger throws(StoreError) in
      try ledger.append(lines)
    }
  }

  package func dropTasks(
    endedBefore time: Timestamp,
    keepingPerTrigger: Int,
    limit: Int
  ) async throws(StoreError) -> Int {
    try await perform(weight: limit) { ledger throws(StoreError) in
      try ledger.dropTasks(endedBefore: time, keepingPerTrigger: keepingPerTrigger, limit: limit)
    }
  }

  package func mend(_ triggers: [TriggerID]) async throws(StoreError) -> [TriggerID] {
    try await perform(weight: triggers.count) { ledger throws(StoreError) in
      var mended: [TriggerID] = []
      for trigger in triggers where try ledger.mend(trigger) { mended.append(trigger) }
      return mended
    }
  }

  package func mendHeldTasks(
    after cursor: TaskID?,
    limit: Int
  ) async throws(StoreError) -> (released: [TaskID], last: TaskID?) {
    try await perform(weight: limit) { ledger throws(StoreError) in
      try ledger.mendHeldTasks(after: cursor, limit: limit)
    }
  }

  /// Runs `body`, which writes nothing; also while nothing can be written.
  package func look<Result: Sendable>(
    _ body: @escaping @Sendable (any Ledger) throws(StoreError) -> Result
  ) async throws(StoreError) -> Result {
    let result = await withCheckedContinuation { (answered: CheckedContinuation<_, Never>) in
      let reply: Reply<Result> = { answered.resume(returning: $0) }
      post(StoreOperation(onlyReads: true, reply: reply, body))
    }
    return try result.get()
  }

  /// Runs `body` as one operation that is undone as a whole when it throws.
  package func perform<Result: Sendable>(
    weight: Int = 8,
    _ body: @escaping @Sendable (any Ledger) throws(StoreError) -> Result
  ) async throws(StoreError) -> Result {
    let result = await withCheckedContinuation { (answered: CheckedContinuation<_, Never>) in
      let reply: Reply<Result> = { answered.resume(returning: $0) }
      post(
        StoreOperation(weight: weight, reply: reply) { ledger throws(StoreError) in
          var result: Result?
          try ledger.undoably { () throws(StoreError) in result = try body(ledger) }
          guard let result else { throw StoreError(.unavailable, "the operation did not run") }
          return result
        }
      )
    }
    return try result.get()
  }
}
