package import Engine
package import Wire

/// What the handlers do.
extension WorkerSession {
  /// How a handler ended.
  package enum Outcome: Sendable {
    case returned(result: [UInt8]?)
    case threw(Report.Failure)
    /// It threw `CancellationError`.
    case stopped
  }

  /// The handler of `run` is done.
  package mutating func ended(_ run: RunID, _ outcome: Outcome, at now: Moment) {
    guard let place = runs.index(forKey: run), case .running = runs.values[place].phase else {
      return
    }
    runningCount -= 1
    shares[runs.values[place].handler]?.active -= 1
    areCreditsDue = true
    if runs.values[place].isDisowned {
      runs.remove(at: place)
      recent.insert(run)
    } else {
      if runs.values[place].droppedLines > 0 {
        sayDroppedLines(of: run, runs.values[place], at: now)
      }
      end(run, at: place, with: Self.event(for: outcome, runs.values[place].cancellation))
    }
    startQueued(at: now)
    finishIfDone(at: now)
  }

  /// A handler that was faster than the cancellation has succeeded. Why another one stopped is told
  /// in the words that are legal for a run of which the server does not know that it should stop.
  private static func event(
    for outcome: Outcome,
    _ cancellation: CancellationReason?
  ) -> Report.Event {
    switch (outcome, cancellation) {
    case (.returned(let result), _): .succeeded(result: result)
    case (_, .shutdown): .released
    case (.threw(let failure), _): .failed(failure)
    case (.stopped, nil): .failed(.init(message: "the handler threw CancellationError"))
    case (.stopped, .leaseLost): .failed(.init(message: "the worker lost contact with the server"))
    case (.stopped, .localRunTimeout): .failed(.init(message: "the run took too long"))
    case (.stopped, .localHeartbeatTimeout):
      .failed(.init(message: "the run showed no progress for too long"))
    case (.stopped, let reason?): .stopped(message: reason.description)
    }
  }

  /// Takes one offer: starts it, lets it wait, or declines it. One that is known runs no second time.
  mutating func take(_ offer: Offer, at now: Moment) {
    guard runs[offer.run] == nil, !recent.contains(offer.run) else { return }
    guard let share = shares[offer.handler] else { return decline(offer, "unknown handler") }
    shares[offer.handler]?.granted = max(0, share.granted - 1)
    areCreditsDue = true
    if revoked.contains(offer.run) { return recent.insert(offer.run) }
    if share.isDisabled { return decline(offer, "the handler is disabled") }
    if ending != nil { return decline(offer, "the worker shuts down") }
    if runningCount < settings.capacity, queue.isEmpty { return start(offer, at: now) }
    let longestQueue = settings.capacity + settings.handlers.count  // No credits lead beyond it.
    guard queue.count < longestQueue else { return decline(offer, "no room") }
    let until = now.elapsed + SessionSettings.queueTimeout
    runs[offer.run] = SessionRun(handler: offer.handler, phase: .queued(offer, until: until))
    shares[offer.handler]?.active += 1
    queue.append(offer.run)
  }

  private mutating func decline(_ offer: Offer, _ reason: String) {
    runs[offer.run] = SessionRun(handler: offer.handler, phase: .running)
    end(offer.run, with: .decline(reason: reason))
  }

  private mutating func start(_ offer: Offer, at now: Moment) {
    var run = SessionRun(handler: offer.handler, phase: .running)
    if let limit = offer.runTimeout {
      run.runDeadline = now.elapsed + limit + SessionSettings.limitSlack
    }
    if let limit = offer.heartbeatTimeout {
      run.heartbeatLimit = limit + SessionSettings.limitSlack
      run.heartbeatDeadline = now.elapsed + limit + SessionSettings.limitSlack
    }
    if let deadline = run.deadline { nextLimit = min(nextLimit ?? deadline, deadline) }
    runs[offer.run] = run
    runningCount += 1
    shares[offer.handler]?.active += 1
    outbox.append(Report(run: offer.run, event: .started(at: now.wall)))
    actions.append(.start(offer))
  }

  /// Starts what waited for room, oldest first. Without a session nothing is started: the server may
  /// have given it to somebody else by now.
  mutating func startQueued(at now: Moment) {
    guard case .open = link, ending == nil else { return }
    while runningCount < settings.capacity, let run = queue.first {
      guard case .queued(let offer, _)? = runs[run]?.phase else { preconditionFailure() }
      unqueue(run)
      start(offer, at: now)
    }
  }

  /// Takes the run out of the queue; the caller says what becomes of it.
  mutating func unqueue(_ run: RunID) {
    guard let position = queue.firstIndex(of: run) else { return }
    queue.remove(at: position)
    if let handler = runs[run]?.handler { shares[handler]?.active -= 1 }
    areCreditsDue = true
  }

  /// The run is over on this side; its report is kept until the server has it.
  mutating func end(_ run: RunID, with event: Report.Event) {
    guard let place = runs.index(forKey: run) else { return }
    end(run, at: place, with: event)
  }

  private mutating func end(
    _ run: RunID,
    at place: Dictionary<RunID, SessionRun>.Index,
    with event: Report.Event
  ) {
    runs.values[place].phase = .ended(event)
    runs.values[place].progress = nil
    let report = Report(run: run, event: event)
    unacknowledgedCount += 1
    unacknowledgedBytes += report.sizeBound
    outbox.append(report)
  }

  mutating func cancel(_ run: RunID, _ reason: CancellationReason) {
    guard let state = runs[run], case .running = state.phase else { return }
    runs[run]?.cancellation = reason
    if state.cancellation == nil { actions.append(.cancel(run, reason)) }
  }

  /// The runs of which the server must say whether they are still ours.
  var inFlight: [RunID] {
    runs.compactMap { run, state in
      if case .ended = state.phase { return nil }
      return state.isDisowned ? nil : run
    }
  }
}
