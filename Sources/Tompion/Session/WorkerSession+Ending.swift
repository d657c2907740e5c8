internal import Engine
internal import Wire

/// How a worker comes to its end.
extension WorkerSession {
  /// Takes no more work, lets handlers finish within `grace`, then cancels them.
  ///
  /// Asking again can only shorten the grace.
  package mutating func shutDown(grace: Duration, at now: Moment) {
    guard !isFinished else { return }
    let cancelAt = now.elapsed + grace
    if let ending {
      if !ending.hasCancelled { self.ending?.cancelAt = min(ending.cancelAt, cancelAt) }
    } else {
      ending = Ending(cancelAt: cancelAt)
    }
    for run in queue {
      unqueue(run)
      end(run, with: .decline(reason: "the worker shuts down"))
    }
    cancelIfDue(at: now)
    finishIfDone(at: now)
  }

  mutating func cancelIfDue(at now: Moment) {
    guard let ending, !ending.hasCancelled, now.elapsed >= ending.cancelAt else { return }
    self.ending?.hasCancelled = true
    for run in runs.keys { cancel(run, .shutdown) }
  }

  /// Done when nothing runs and nothing is left to say, or when the patience for that is over.
  mutating func finishIfDone(at now: Moment) {
    guard let ending, !isFinished else { return }
    let isQuiet = runningCount == 0 && unacknowledgedCount == 0
    guard isQuiet || now.elapsed >= ending.giveUpAt else { return }
    link = .finished
    lease = nil
    actions.append(.finish)
  }
}
