import Engine
import Store
import Tompion
import Wire

/// What the oracle knows of one life of a worker.
struct WorkerLife {
  /// The last two times it was heard of, in microseconds.
  var heardAt: Int64
  var heardBefore: Int64
  /// What it said at its last hello that it has in hand.
  var reported: Set<RunID> = []
  var helloAt: Int64
  /// Handlers that run in it.
  var active = 0

  /// Whether it was silent for `lease` just now, or until a moment ago.
  func wasSilent(for lease: Int64, at now: Int64) -> Bool {
    now - heardAt >= lease || (heardAt - heardBefore >= lease && now - heardAt < 2_000_000)
  }
}

extension Oracle {
  // MARK: Signs of life

  func admitted(_ hello: Hello) {
    var life = lives[hello.bootID] ?? WorkerLife(heardAt: now, heardBefore: now, helloAt: now)
    life.reported = Set(hello.inFlight + hello.unsentResults.map(\.run))
    life.helloAt = now
    lives[hello.bootID] = life
    heard(from: hello.bootID)
  }

  func heard(from boot: BootID) {
    guard var life = lives[boot] else { return }
    life.heardBefore = life.heardAt
    life.heardAt = now
    lives[boot] = life
  }

  func died(_ boot: BootID) {
    lives[boot]?.active = 0
  }

  /// Whatever a server, the store or the clock could not do until `delay` from now is not held against
  /// them.
  func excuse(_ server: Int? = nil, for delay: Duration) {
    for index in excusedUntil.indices where server ?? index == index {
      excusedUntil[index] = max(excusedUntil[index], now + delay.microseconds)
    }
  }

  /// After a step of the clock, noticed within half a second, nothing is reaped for one lease and 5 s.
  func clockWasSet(for server: Int? = nil) {
    excuse(server, for: .seconds(6))
  }

  /// I8: whatever is in hand belongs to somebody who lives, or is taken back soon.
  func checkHands() {
    for server in world.servers where !server.isRunning || server.isLeaving || world.store.isOut {
      excuse(server.index, for: server.isRunning ? .zero : .seconds(1))
    }
    let lease = scenario.lease.microseconds
    for (slot, since) in inHand {
      guard let witness = slots[slot], let owner = witness.owner else { continue }
      let excused = excusedUntil[world.store.homes[owner.boot] ?? 0]
      let heard = max(lives[owner.boot]?.heardAt ?? 0, since, excused)
      if now - heard > lease + 3_000_000 {
        return fail(
          .i8,
          "\(world.text(slot)) is \(witness.place) with \(world.text(owner.boot)), which was last "
            + "heard of \((now - heard) / 1_000) ms ago"
        )
      }
      if witness.place == .offered, now - max(since, excused) > lease + 13_000_000 {
        return fail(.i8, "the offer of \(world.text(slot)) was not answered, and not taken back")
      }
    }
  }

  /// A lease is lost only by who was silent, or no longer knows of the run.
  func checkLoss(_ run: RunID, of owner: Owner?) {
    guard let owner, let life = lives[owner.boot] else { return }
    if life.wasSilent(for: scenario.lease.microseconds, at: now) { return }
    if !life.reported.contains(run), life.helloAt > inHand[run.slot] ?? 0 { return }
    fail(.i8, "\(world.text(run)) was taken from \(world.text(owner.boot)), which lives")
  }

  // MARK: What is sent

  /// A server puts a message on the wire.
  func sent(_ message: FromServer) {
    for offer in message.offers where runs[offer.run] == nil {
      fail(.i6, "\(world.text(offer.run)) is offered, and no such offer is committed")
    }
    for run in message.resultAcks where !settled.contains(run) {
      fail(.i6, "the outcome of \(world.text(run)) is acknowledged, and was not committed")
    }
  }

  // MARK: Handlers

  func entered(_ offer: Offer, in boot: BootID, of profile: Scenario.WorkerProfile) {
    statistics.starts += 1
    guard var run = runs[offer.run] else {
      return fail(.i6, "\(world.text(offer.run)) was entered, and no such offer is committed")
    }
    guard run.boot == boot else {
      return fail(.i2, "\(world.text(offer.run)) was entered in \(world.text(boot)), not its owner")
    }
    guard !run.isEntered else {
      return fail(.i2, "\(world.text(offer.run)) was entered twice")
    }
    run.isEntered = true
    runs[offer.run] = run
    lives[boot]?.active += 1
    if let active = lives[boot]?.active, active > profile.capacity {
      fail(
        .i11,
        "\(world.text(boot)) runs \(active) handlers at once, its capacity is \(profile.capacity)"
      )
    }
    if !profile.handlers.contains(offer.handler) {
      fail(.i11, "\(world.text(boot)) was handed \(offer.handler), which it does not have")
    }
    if !agree(offer.labels, profile) {
      fail(.i11, "\(world.text(boot)) was handed a task with other labels")
    }
  }

  private func agree(_ labels: Labels, _ profile: Scenario.WorkerProfile) -> Bool {
    switch profile.matching {
    case .exact: labels.pairs == profile.labels.pairs
    case .subset: labels.pairs.allSatisfy { profile.labels.pairs[$0.key] == $0.value }
    }
  }

  func left(_ run: RunID, _ outcome: WorkerSession.Outcome) {
    guard let boot = runs[run]?.boot else { return }
    lives[boot]?.active -= 1
    switch outcome {
    case .returned: runs[run]?.outcome = .succeeded
    case .threw(let failure):
      runs[run]?.outcome = .failed(
        isRetryable: failure.isRetryable,
        retryAfter: failure.retryAfter
      )
    case .stopped: runs[run]?.outcome = .stopped
    }
  }

  // MARK: Reports

  /// I2, I3, I7: whether a report may have been taken, by what the oracle knows of its slot.
  func judge(_ command: SlotCommand, _ verdict: Verdict) {
    guard let fence = command.fence, let boot = fence.boot else { return }
    let run = RunID(slot: command.slot, epoch: fence.epoch)
    switch verdict {
    case .moved:
      if let reason = objection(to: command, of: boot, run) {
        return fail(
          .i2,
          "a report of \(world.text(run)) by \(world.text(boot)) was taken: \(reason)"
        )
      }
      if command.event.reportKind != nil { settled.insert(run) }
    case .refused(.alreadyDone):
      if command.event.reportKind != nil, !settled.contains(run) {
        fail(.i6, "\(world.text(run)) counts as done, and nothing of it was taken")
      }
    case .refused:
      refusals[command.slot, default: 0] += 1
    }
  }

  /// Why a report must be refused; `nil` when it may be taken.
  private func objection(to command: SlotCommand, of boot: BootID, _ run: RunID) -> String? {
    guard let witness = slots[command.slot] else { return "there is no such slot" }
    guard witness.epoch == run.epoch else { return "the slot has epoch \(witness.epoch)" }
    if witness.place.isInHand {
      return witness.owner?.boot == boot ? nil : "the slot is with \(witness.owner as Any)"
    }
    guard witness.latecomer?.boot == boot, case .succeeded = command.event else {
      return "the slot is \(witness.place)"
    }
    return nil
  }
}
