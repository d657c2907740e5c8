package import Engine
package import Store
package import Wire

extension Dispatch {
  package enum Admission {
    case refused
    /// Runs the worker reports that matching does not have in hand: the store must say whether their
    /// results are still wanted.
    case admitted(unknown: [RunID])
  }

  // MARK: Hello

  /// A worker introduces itself. When admitted, `welcome` must follow.
  package mutating func hello(
    _ hello: Hello,
    on session: SessionID,
    peer: String,
    at now: Moment
  ) -> Admission {
    guard let open = sessions[session] else { return .refused }  // It closed before its turn came.
    if isDraining { return refuse(open, "draining", "the server is going away", .seconds(1)) }
    if let wait = admissions.take(now: now.monotonic) {
      return refuse(open, "too-many-hellos", "too many workers connect at once", wait)
    }
    if let other = living(hello.workerID, hello.namespace), other.boot != hello.bootID {
      let wait = max(.milliseconds(100), other.leaseEnds - now.monotonic)
      return refuse(
        open,
        "worker-id-taken",
        "another process of the worker \(hello.workerID) is connected from \(other.peer)",
        wait
      )
    }
    let before = holders[hello.bootID]
    if let newer = before?.session, newer.id > session {  // Hellos may overtake each other.
      toClose.append((session, .replaced))
      return .refused
    }
    if let older = before?.session {
      matchmaker.leave(older.id)
      older.holder = nil
      toClose.append((older.id, .replaced))
    }
    let holder = introduce(hello, peer: peer, at: now)
    holder.session = open
    open.holder = holder
    return .admitted(unknown: hello.inFlight.filter { run(holder, $0) == nil })
  }

  private mutating func introduce(_ hello: Hello, peer: String, at now: Moment) -> Holder {
    let leaseEnds = now.monotonic + lease
    leasesLastUntil = min(leasesLastUntil, leaseEnds)
    if let known = holders[hello.bootID] {
      known.reintroduce(hello, peer: peer, at: now.wall, leaseEnds: leaseEnds)
      return known
    }
    let holder = Holder(hello, peer: peer, at: now.wall, leaseEnds: leaseEnds)
    holders[hello.bootID] = holder
    return holder
  }

  /// The run, if the process has it in hand.
  func run(_ holder: Holder, _ id: RunID) -> RunInHand? {
    guard let run = inHand[id.slot], run.id.epoch == id.epoch, run.holder === holder else {
      return nil
    }
    return run
  }

  private func living(_ worker: String, _ namespace: String) -> Holder? {
    holders.values.first {
      $0.hello.workerID == worker && $0.hello.namespace == namespace && $0.session != nil
    }
  }

  private mutating func refuse(
    _ session: Session,
    _ code: String,
    _ reason: String,
    _ wait: Duration
  ) -> Admission {
    refuse(session.id, Refuse(code: code, reason: reason, retryAfter: wait))
    return .refused
  }

  /// Turns a worker away; its stream is closed behind the refusal.
  package mutating func refuse(_ session: SessionID, _ refusal: Refuse) {
    if let open = sessions[session] { send(open) { $0.refuse = refusal } }
    toClose.append((session, .refused))
  }

  /// Opens the session: says what to keep, and gives up what the worker no longer knows of.
  ///
  /// `wanted` are the unknown runs whose results would still be taken.
  package mutating func welcome(
    _ session: SessionID,
    sessionName: String,
    wanted: Set<RunID>,
    at now: Moment
  ) -> [SlotCommand] {
    guard let open = sessions[session], let holder = open.holder else { return [] }
    let hello = holder.hello
    let reported = Set(hello.inFlight + hello.unsentResults.map(\.run))
    let keep = hello.inFlight.filter { run(holder, $0) != nil || wanted.contains($0) }
    let kept = Set(keep)
    var welcome = Welcome(sessionID: sessionName, lease: lease)
    welcome.keep = keep
    welcome.abandon = hello.inFlight.filter { !kept.contains($0) }
    welcome.cancels = pendingCancels(of: holder)
    send(open) { [welcome] in $0.welcome = welcome }
    matchmaker.join(
      session,
      Matchmaker.Demand(
        worker: hello.workerID,
        namespace: hello.namespace,
        labels: hello.labels,
        matching: hello.labelMatching,
        room: hello.capacity - holder.runs.count
      )
    )
    let lost = holder.runs.filter { !reported.contains($0.id) }
    for run in lost {  // Overdue from now on, should the store not take the commands.
      run.deadline = now.monotonic
      run.overdue = run.stage.isOffered ? .acknowledgement : .lease
    }
    return lost.map { SlotCommand($0, $0.overdue.event) }
  }

  private func pendingCancels(of holder: Holder) -> [Cancel] {
    holder.runs.compactMap { run in
      guard case .stopping(let reason) = run.stage else { return nil }
      return Cancel(run: run.id, reason: Cancel.Reason(reason))
    }
  }

  // MARK: While it lasts

  package mutating func heartbeat(_ session: SessionID, _ sequence: UInt64, at now: Moment) {
    guard let open = sessions[session], let holder = open.holder else { return }
    holder.leaseEnds = now.monotonic + lease
    holder.lastHeartbeatAt = now.wall
    send(open) { $0.heartbeatAck = sequence }
  }

  package mutating func credit(_ session: SessionID, _ credits: [Credit]) {
    guard !isDraining, let holder = sessions[session]?.holder, !holder.isDraining else { return }
    for credit in credits {
      matchmaker.grant(session, handler: credit.handler, credit.count)
    }
  }

  package mutating func draining(_ session: SessionID) {
    guard let holder = sessions[session]?.holder else { return }
    holder.isDraining = true
    matchmaker.withdraw(session)
  }
}
