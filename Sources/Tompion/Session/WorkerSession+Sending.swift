internal import Engine
package import Wire

/// What the worker says.
extension WorkerSession {
  /// Whether `nextMessage` would have something to hand out.
  package var hasSomethingToSend: Bool {
    switch link {
    case .waiting, .finished: false
    case .greeting(_, let isHelloSent): !isHelloSent
    case .open:
      !outbox.isEmpty || isBeatDue || areCreditsDue || ending.map { !$0.isSaid } ?? false
    }
  }

  /// Everything that waited for the stream; `nil` when nothing did. The stream can be written now.
  package mutating func nextMessage(at now: Moment) -> FromWorker? {
    switch link {
    case .waiting, .finished: return nil
    case .greeting(let since, let isHelloSent):
      guard !isHelloSent else { return nil }
      link = .greeting(since: since, isHelloSent: true)
      helloSentAt = now.elapsed
      var message = FromWorker()
      message.hello = hello()
      return message
    case .open: return report(at: now)
    }
  }

  private mutating func report(at now: Moment) -> FromWorker? {
    guard hasSomethingToSend else { return nil }
    var message = FromWorker()
    if isBeatDue {
      isBeatDue = false
      message.heartbeat = lease?.beat(at: now.elapsed, random: &random)
    }
    if ending?.isSaid == false {
      ending?.isSaid = true
      message.isDraining = true
    }
    message.credits = grant()
    let (reports, progressed) = outbox.take()
    message.reports = reports
    if !progressed.isEmpty { message.reports += takeProgress(of: progressed) }
    return message == FromWorker() ? nil : message
  }

  private mutating func hello() -> Hello {
    var hello = Hello(
      workerID: settings.workerID,
      bootID: settings.bootID,
      capacity: settings.capacity
    )
    hello.handlers = settings.handlers
    hello.labels = settings.labels
    hello.labelMatching = settings.labelMatching
    hello.namespace = settings.namespace
    hello.app = settings.app
    hello.sdkVersion = SessionSettings.sdkVersion
    hello.host = settings.host
    hello.processID = settings.processID
    hello.unsentResults = unsentResults()
    hello.inFlight = inFlight + laterResults()
    return hello
  }

  /// The runs whose results follow when the session is open: until then the server must keep them.
  private func laterResults() -> [RunID] {
    runs.compactMap { run, state in
      guard case .ended = state.phase, !resultsInHello.contains(run) else { return nil }
      return run
    }
  }

  /// As many unacknowledged results as a hello holds; the others follow when the session is open.
  private mutating func unsentResults() -> [Report] {
    var size = 0
    var results: [Report] = []
    resultsInHello = []
    for (run, state) in runs {
      guard case .ended(let event) = state.phase else { continue }
      let report = Report(run: run, event: event)
      size += report.sizeBound
      guard size <= SessionSettings.helloBytes else { break }
      results.append(report)
      resultsInHello.insert(run)
    }
    return results
  }

  /// The credits that may be granted now; see the type for the rule.
  private mutating func grant() -> [Credit] {
    guard areCreditsDue else { return [] }
    areCreditsDue = false
    guard ending == nil, leaveAt == nil else { return [] }
    let free = min(settings.capacity - runningCount - queue.count, unacknowledgedRoom)
    let names = settings.handlers.filter { shares[$0]?.isDisabled == false }
    guard free > 0, !names.isEmpty else { return [] }
    let part = max(1, free / names.count)
    return names.compactMap { name in
      let missing = part - (shares[name]?.granted ?? 0)
      guard missing > 0 else { return nil }
      shares[name]?.granted += missing
      return Credit(handler: name, count: missing)
    }
  }

  /// How many more results may wait for acknowledgement: whoever does not confirm gets no new ones.
  private var unacknowledgedRoom: Int {
    guard unacknowledgedBytes < SessionSettings.unacknowledgedBytes else { return 0 }
    return max(1_000, 4 * settings.capacity) - unacknowledgedCount
  }
}
