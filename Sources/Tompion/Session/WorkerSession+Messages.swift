internal import Engine
package import Wire

/// What the server says.
extension WorkerSession {
  /// Takes in one message of the present stream.
  package mutating func received(_ message: FromServer, at now: Moment) {
    if let welcome = message.welcome { open(welcome, at: now) }
    if let refuse = message.refuse { refused(refuse, at: now) }
    guard case .open = link else { return }
    if let number = message.heartbeatAck { lease?.acknowledged(number) }
    for run in message.resultAcks { acknowledge(run) }
    for stale in message.stales { disown(stale.run) }
    for run in message.revokes { disown(run) }
    if let configure = message.configure { apply(configure) }
    for offer in message.offers { take(offer, at: now) }
    for cancel in message.cancels { request(cancel) }
    if let wait = message.drain { leaveAt = now.elapsed + wait }
    startQueued(at: now)
    finishIfDone(at: now)
  }

  private mutating func open(_ welcome: Welcome, at now: Moment) {
    guard case .greeting = link else { return }
    link = .open(since: now.elapsed)
    lease = Lease(
      length: welcome.lease,
      renewedAt: helloSentAt,
      now: now.elapsed,
      random: &random
    )
    limits = welcome.limits
    areCreditsDue = true
    resume(keeping: Set(welcome.keep), at: now)
    for cancel in welcome.cancels { request(cancel) }
    actions.append(
      .announce(hasConnectedBefore ? .reconnected(server: server) : .connected(server: server))
    )
    hasConnectedBefore = true
  }

  /// Runs that the server does not keep are no longer ours, whether it names them or not; what it
  /// keeps is reported anew, because nobody knows how much of the old stream arrived.
  private mutating func resume(keeping kept: Set<RunID>, at now: Moment) {
    for run in inFlight where !kept.contains(run) { disown(run) }
    let logs = outbox.beginAnew { kept.contains($0) }
    for (run, state) in runs where !state.isDisowned {
      switch state.phase {
      case .queued: break
      case .running: outbox.append(Report(run: run, event: .started(at: now.wall)))
      case .ended(let event):
        guard !resultsInHello.contains(run) else { break }
        if event.impliesStart { outbox.append(Report(run: run, event: .started(at: now.wall))) }
        outbox.append(Report(run: run, event: event))
      }
    }
    for line in logs { outbox.append(line) }
    resultsInHello = []
  }

  private mutating func refused(_ refuse: Refuse, at now: Moment) {
    guard case .greeting = link else { return }
    actions.append(.disconnect)
    lose("refused (\(refuse.code)): \(refuse.reason)", notBefore: refuse.retryAfter, at: now)
  }

  private mutating func acknowledge(_ run: RunID) {
    guard let place = runs.index(forKey: run), case .ended(let event) = runs.values[place].phase
    else { return }
    runs.remove(at: place)
    forgotten(run, ended: event)
  }

  func sizeOf(_ event: Report.Event, of run: RunID) -> Int {
    Report(run: run, event: event).sizeBound
  }

  mutating func forget(_ run: RunID, ended event: Report.Event) {
    runs[run] = nil
    forgotten(run, ended: event)
  }

  private mutating func forgotten(_ run: RunID, ended event: Report.Event) {
    unacknowledgedCount -= 1
    unacknowledgedBytes -= sizeOf(event, of: run)
    recent.insert(run)
    areCreditsDue = true
  }

  /// The run is somebody else's now: its handler stops, and whatever comes of it is dropped.
  mutating func disown(_ run: RunID) {
    guard let state = runs[run] else {
      if !recent.contains(run) { revoked.insert(run) }
      return
    }
    switch state.phase {
    case .queued:
      unqueue(run)
      runs[run] = nil
      recent.insert(run)
    case .running:
      runs[run]?.isDisowned = true
      cancel(run, .superseded)
    case .ended(let event): forget(run, ended: event)
    }
  }

  /// The server's reason replaces one of our own: it decides the outcome.
  private mutating func request(_ cancel: Cancel) {
    guard let state = runs[cancel.run] else { return }
    switch state.phase {
    case .queued:
      unqueue(cancel.run)
      end(cancel.run, with: .decline(reason: "cancelled before it was started"))
    case .running:
      guard !state.isDisowned else { return }
      self.cancel(cancel.run, CancellationReason(cancel.reason))
    case .ended: break
    }
  }

  private mutating func apply(_ configure: Configure) {
    if let labels = configure.labels { settings.labels = labels }
    if let capacity = configure.capacity { settings.capacity = capacity }
    guard let disabled = configure.disabledHandlers.map(Set.init) else {
      areCreditsDue = true
      return
    }
    for name in settings.handlers { shares[name]?.isDisabled = disabled.contains(name) }
    for run in queue where disabled.contains(runs[run]?.handler ?? "") {
      unqueue(run)
      end(run, with: .decline(reason: "the handler is disabled"))
    }
    areCreditsDue = true
  }
}

extension Report.Event {
  /// Whether it is told of a handler that was entered: refused where nobody knows of that.
  fileprivate var impliesStart: Bool {
    switch self {
    case .succeeded, .failed, .stopped: true
    case .started, .progress, .log, .decline, .released: false
    }
  }
}

extension CancellationReason {
  fileprivate init(_ reason: Cancel.Reason) {
    switch reason {
    case .cancel: self = .cancelled
    case .replaced: self = .replaced
    case .runTimeout: self = .runTimeout
    case .heartbeatTimeout: self = .heartbeatTimeout
    case .totalTimeout: self = .totalTimeout
    }
  }
}
