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
    guard outboxes[session] != nil else { return .refused }  // It closed before its turn came.
    if isDraining { return refuse(session, "draining", "the server is going away", .seconds(1)) }
    if let wait = admissions.take(now: now.monotonic) {
      return refuse(session, "too-many-hellos", "too many workers connect at once", wait)
    }
    if let other = living(hello.workerID, hello.namespace), other.boot != hello.bootID {
      let wait = max(.milliseconds(100), other.leaseEnds - now.monotonic)
      return refuse(
        session,
        "worker-id-taken",
        "another process of the worker \(hello.workerID) is connected from \(other.peer)",
        wait
      )
    }
    let before = holders[hello.bootID]
    if let newer = before?.session, newer > session {  // Hellos may overtake each other.
      toClose.append((session, .replaced))
      return .refused
    }
    if let older = before?.session {
      matchmaker.leave(older)
      boots[older] = nil
      toClose.append((older, .replaced))
    }
    holders[hello.bootID] = Holder(
      boot: hello.bootID,
      hello: hello,
      peer: peer,
      connectedAt: now.wall,
      session: session,
      isDraining: before?.isDraining ?? false,
      leaseEnds: now.monotonic + lease,
      lastHeartbeatAt: now.wall,
      runs: before?.runs ?? [:]
    )
    boots[session] = hello.bootID
    let held = before?.runs ?? [:]
    return .admitted(unknown: hello.inFlight.filter { held[$0.slot]?.epoch != $0.epoch })
  }

  private func living(_ worker: String, _ namespace: String) -> Holder? {
    holders.values.first {
      $0.hello.workerID == worker && $0.hello.namespace == namespace && $0.session != nil
    }
  }

  private mutating func refuse(
    _ session: SessionID,
    _ code: String,
    _ reason: String,
    _ wait: Duration
  ) -> Admission {
    refuse(session, Refuse(code: code, reason: reason, retryAfter: wait))
    return .refused
  }

  /// Turns a worker away; its stream is closed behind the refusal.
  package mutating func refuse(_ session: SessionID, _ refusal: Refuse) {
    send(session) { $0.refuse = refusal }
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
    guard let boot = boots[session], let holder = holders[boot] else { return [] }
    let hello = holder.hello
    let reported = Set(hello.inFlight + hello.unsentResults.map(\.run))
    let keep = hello.inFlight.filter {
      holder.runs[$0.slot]?.epoch == $0.epoch || wanted.contains($0)
    }
    let kept = Set(keep)
    var welcome = Welcome(sessionID: sessionName, lease: lease)
    welcome.keep = keep
    welcome.abandon = hello.inFlight.filter { !kept.contains($0) }
    welcome.cancels = pendingCancels(of: holder)
    send(session) { [welcome] in $0.welcome = welcome }
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
    let lost = forgotten(by: holder, reported)
    for command in lost {  // Overdue from now on, should the store not take the commands.
      holders[boot]?.runs[command.slot]?.deadline = now.monotonic
      holders[boot]?.runs[command.slot]?.overdue = command.event
    }
    return lost
  }

  private func pendingCancels(of holder: Holder) -> [Cancel] {
    holder.runs.compactMap { slot, run in
      guard case .stopping(let reason) = run.stage else { return nil }
      return Cancel(run: RunID(slot: slot, epoch: run.epoch), reason: Cancel.Reason(reason))
    }
  }

  /// What we hold for a process and it does not report is not being worked on.
  private func forgotten(by holder: Holder, _ reported: Set<RunID>) -> [SlotCommand] {
    holder.runs.compactMap { slot, run in
      guard !reported.contains(RunID(slot: slot, epoch: run.epoch)) else { return nil }
      let event: SlotEvent = run.stage.isOffered ? .acknowledgementOverdue : .leaseLost
      return SlotCommand(slot, event, fence: Fence(epoch: run.epoch))
    }
  }

  // MARK: While it lasts

  package mutating func heartbeat(_ session: SessionID, _ sequence: UInt64, at now: Moment) {
    guard let boot = boots[session] else { return }
    holders[boot]?.leaseEnds = now.monotonic + lease
    holders[boot]?.lastHeartbeatAt = now.wall
    send(session) { $0.heartbeatAck = sequence }
  }

  package mutating func credit(_ session: SessionID, _ credits: [Credit]) {
    guard !isDraining, let boot = boots[session], holders[boot]?.isDraining == false else { return }
    for credit in credits {
      matchmaker.grant(session, handler: credit.handler, credit.count)
    }
  }

  package mutating func draining(_ session: SessionID) {
    guard let boot = boots[session] else { return }
    holders[boot]?.isDraining = true
    matchmaker.withdraw(session)
  }
}
