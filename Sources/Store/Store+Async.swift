package import Engine

extension Store {
  /// Applies each command by itself; returns once they are committed.
  package func apply(_ commands: [SlotCommand]) async throws(StoreError) -> [Verdict] {
    try await answer { apply(commands, reply: $0) }
  }

  /// Creates tasks, each by itself; returns once they are committed.
  package func submit(_ submissions: [Submission]) async throws(StoreError) -> [SubmissionAnswer] {
    try await answer { submit(submissions, reply: $0) }
  }

  /// Carries out what these triggers owe by now; returns once that is committed.
  package func fire(_ triggers: [TriggerID]) async throws(StoreError) {
    try await answer { fire(triggers, reply: $0) }
  }

  private func answer<Answer: Sendable>(
    _ ask: (@escaping Reply<Answer>) -> Void
  ) async throws(StoreError) -> Answer {
    let result = await withCheckedContinuation { continuation in
      ask { continuation.resume(returning: $0) }
    }
    return try result.get()
  }
}
