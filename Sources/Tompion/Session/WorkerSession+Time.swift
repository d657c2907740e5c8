internal import Engine
internal import Wire

/// What happens because time passed, or because the stream broke.
extension WorkerSession {
  /// When `advance` must be called at the latest; `nil` once the worker is finished.
  package var nextDeadline: Duration? {
    var deadlines: [Duration?] = [nextLimit, queueDeadline, lease?.fencedAt]
    switch link {
    case .waiting(let until): deadlines.append(until)
    case .greeting(let since, _): deadlines.append(since + SessionSettings.welcomeTimeout)
    case .open: deadlines += [leaveAt, isBeatDue ? nil : lease?.nextBeat]
    case .finished: return nil
    }
    if let ending { deadlines.append(ending.hasCancelled ? ending.giveUpAt : ending.cancelAt) }
    return deadlines.compactMap(\.self).min()
  }

  /// Does what is due by now.
  package mutating func advance(to now: Moment) {
    fenceIfDue(at: now)
    enforceLimits(at: now)
    declineQueued(at: now)
    cancelIfDue(at: now)
    switch link {
    case .waiting(let until): if now.elapsed >= until { connect(at: now) }
    case .greeting(let since, _):
      guard now.elapsed >= since + SessionSettings.welcomeTimeout else { break }
      drop("no answer to the hello", at: now)
    case .open:
      if let leaveAt, now.elapsed >= leaveAt { drop("the server goes away", at: now) }
      if let lease, now.elapsed >= lease.nextBeat { isBeatDue = true }
    case .finished: break
    }
    finishIfDone(at: now)
  }

  /// The stream ended, or never began; `reason` is for people.
  package mutating func streamBroke(_ reason: String, at now: Moment) {
    switch link {
    case .waiting, .finished: break
    case .greeting, .open: lose(reason, at: now)
    }
    finishIfDone(at: now)
  }

  /// What came on the stream makes no sense; it is given up.
  package mutating func streamSpoke(nonsense reason: String, at now: Moment) {
    drop(reason, at: now)
  }

  private mutating func drop(_ reason: String, at now: Moment) {
    guard !isFinished else { return }
    actions.append(.disconnect)
    lose(reason, at: now)
  }

  private mutating func connect(at now: Moment) {
    leaveAt = nil
    link = .greeting(since: now.elapsed, isHelloSent: false)
    actions.append(.connect(server: server))
  }

  /// Plans the next attempt, with the next address, after a random wait.
  mutating func lose(_ reason: String, notBefore wait: Duration = .zero, at now: Moment) {
    if case .open(let since) = link {
      if now.elapsed - since >= SessionSettings.healthyAfter { delay.reset() }
      actions.append(.announce(.disconnected(reason: reason)))
    }
    let earliest = max(wait, (leaveAt ?? now.elapsed) - now.elapsed)
    let pause = earliest + delay.next(using: &random)
    server = (server + 1) % settings.serverCount
    link = .waiting(until: now.elapsed + pause)
    for name in settings.handlers { shares[name]?.granted = 0 }
    isBeatDue = false
    ending?.isSaid = false
    actions.append(.announce(.reconnecting(server: server, after: pause)))
  }

  /// Too long without an answer: the runs may be somebody else's by now, so ours must stop.
  private mutating func fenceIfDue(at now: Moment) {
    guard let due = lease?.fencedAt, now.elapsed >= due else { return }
    if case .open = link, !isBeatDue, lease?.excuse(at: now.elapsed) == true {
      isBeatDue = true
      return
    }
    lease = nil
    for (run, state) in runs {
      if case .running = state.phase { cancel(run, .leaseLost) }
      if case .queued = state.phase { disown(run) }
    }
    switch link {
    case .open, .greeting: drop("no heartbeat was acknowledged in time", at: now)
    case .waiting, .finished: break
    }
  }

  /// Stops handlers over their limits, in case the server cannot say so. It still decides what
  /// becomes of the run.
  private mutating func enforceLimits(at now: Moment) {
    guard let due = nextLimit, now.elapsed >= due else { return }
    nextLimit = nil
    for (run, state) in runs {
      guard let deadline = state.deadline else { continue }
      if now.elapsed < deadline {
        nextLimit = min(nextLimit ?? deadline, deadline)
      } else {
        let isSilent = state.runDeadline.map { now.elapsed < $0 } ?? true
        cancel(run, isSilent ? .localHeartbeatTimeout : .localRunTimeout)
      }
    }
  }

  private var queueDeadline: Duration? {
    guard let run = queue.first, case .queued(_, let until)? = runs[run]?.phase else { return nil }
    return until
  }

  private mutating func declineQueued(at now: Moment) {
    while let deadline = queueDeadline, now.elapsed >= deadline, let run = queue.first {
      unqueue(run)
      end(run, with: .decline(reason: "no room"))
    }
  }
}
