import Engine
import Testing

/// The table of legal moves, and that there are no others.
@Suite struct SlotMoveTests {
  struct Move: Sendable {
    let from: SamplePhase
    let event: SampleEvent
    let number: UInt8
    let to: Slot.Phase
  }

  /// What is not here is refused.
  static let legal: [Move] = {
    let now = SamplePhase.now
    let ready = Slot.Phase.waiting(readyAt: now, latecomer: nil)
    let retried = Slot.Phase.waiting(readyAt: now + .seconds(1), latecomer: nil)
    let paused = Slot.Phase.held(.paused, readyAt: now)
    func stopping(_ reason: StopReason) -> Slot.Phase {
      .stopping(SamplePhase.owner, since: now, reason, stopBy: now + .seconds(30))
    }
    var moves: [Move] = []
    func add(_ from: SamplePhase, _ event: SampleEvent, _ number: UInt8, _ to: Slot.Phase) {
      moves.append(Move(from: from, event: event, number: number, to: to))
    }
    for from in [SamplePhase.ready, .latecomer] {
      add(from, .offer, 3, .offered(SamplePhase.owner, at: now))
    }
    add(.heldByOverlap, .blockerEnded, 2, ready)
    add(.heldTwice, .blockerEnded, 2, paused)
    add(.offered, .started, 4, .running(SamplePhase.owner, since: now))
    for event in [SampleEvent.declined, .released, .acknowledgementOverdue, .leaseLost] {
      add(.offered, event, 5, ready)
    }
    add(.offered, .cancel, 6, .canceled(.requested))
    add(.offered, .replace, 6, .canceled(.replaced))
    add(.running, .succeeded, 7, .completed(.normal))
    add(.running, .failed, 8, retried)
    add(.running, .stopped, 8, retried)
    add(.running, .failedForGood, 9, .faulted(.failed))
    add(.running, .leaseLost, 10, .waiting(readyAt: now, latecomer: SamplePhase.owner))
    add(.running, .cancel, 11, stopping(.cancel(.requested)))
    add(.running, .replace, 11, stopping(.cancel(.replaced)))
    add(.running, .deleteTrigger, 11, stopping(.cancel(.triggerDeleted)))
    add(.running, .runLimit, 11, stopping(.runTimeout))
    add(.running, .heartbeatLimit, 11, stopping(.heartbeatTimeout))
    add(.running, .totalLimit, 11, stopping(.totalTimeout))
    add(.running, .released, 16, ready)
    for (from, reason) in [
      (SamplePhase.stoppingForCancel, CancelReason.requested), (.stoppingForReplace, .replaced),
    ] {
      for event in [SampleEvent.stopped, .failed, .failedForGood, .released] {
        add(from, event, 12, .canceled(reason))
      }
      for event in [SampleEvent.stopOverdue, .leaseLost] { add(from, event, 15, .canceled(reason)) }
    }
    for from in [SamplePhase.stoppingForRunLimit, .stoppingForHeartbeat] {
      add(from, .cancel, 11, stopping(.cancel(.requested)))
      add(from, .replace, 11, stopping(.cancel(.replaced)))
      add(from, .deleteTrigger, 11, stopping(.cancel(.triggerDeleted)))
      for event in [SampleEvent.stopped, .failed, .failedForGood, .released] {
        add(from, event, 13, retried)
      }
      for event in [SampleEvent.stopOverdue, .leaseLost] { add(from, event, 15, retried) }
    }
    for event in [SampleEvent.stopped, .failed, .failedForGood, .released] {
      add(.stoppingForTotalLimit, event, 13, .faulted(.totalTimeout))
    }
    for event in [SampleEvent.stopOverdue, .leaseLost] {
      add(.stoppingForTotalLimit, event, 15, .faulted(.totalTimeout))
    }
    for from in SamplePhase.allCases where from.rawValue.hasPrefix("stopping") {
      add(from, .succeeded, 14, .completed(.despiteCancel))
    }
    for from in [
      SamplePhase.ready, .delayed, .latecomer, .heldByOverlap, .paused, .heldTwice,
    ] {
      add(from, .cancel, 17, .canceled(.requested))
      add(from, .replace, 17, .canceled(.replaced))
      add(from, .deleteTrigger, 17, .canceled(.triggerDeleted))
      add(from, .totalLimit, 18, .faulted(.totalTimeout))
      if from != .latecomer { add(from, .queueLimit, 18, .faulted(.queueTimeout)) }
    }
    add(.latecomer, .succeeded, 19, .completed(.late))
    add(.ready, .pause, 20, paused)
    add(.latecomer, .pause, 20, paused)
    add(.delayed, .pause, 20, .held(.paused, readyAt: now + .seconds(5)))
    add(.heldByOverlap, .pause, 20, .held([.overlap, .paused], readyAt: now))
    add(.offered, .pause, 20, paused)
    add(.paused, .resume, 20, ready)
    add(.heldTwice, .resume, 20, .held(.overlap, readyAt: now))
    add(.offered, .totalLimit, 22, .faulted(.totalTimeout))
    add(.offered, .deleteTrigger, 22, .canceled(.triggerDeleted))
    return moves
  }()

  @Test(arguments: legal)
  func `every move of the table is made as it says`(move: Move) throws {
    var slot = move.from.slot
    let before = slot
    let made = try #require(try slot.apply(move.event.event))
    #expect(made.number == move.number)
    #expect(slot.phase == move.to)
    #expect(made.from == before.state && made.to == slot.state)
    #expect(made.epoch == slot.epoch && made.at == SamplePhase.now)
    #expect(made.readyAt == slot.readyAt)
    #expect(slot.epoch >= before.epoch)
  }

  @Test func `the table has every move that it should have`() {
    // 1 is the creation, and 21, the passing of time, leaves no row.
    #expect(Set(Self.legal.map(\.number)) == Set(2...22).subtracting([21]))
  }

  @Test(arguments: SamplePhase.allCases)
  func `everything else is refused and leaves the slot as it was`(from: SamplePhase) {
    let legal = Set(Self.legal.filter { $0.from == from }.map(\.event))
    for event in SampleEvent.allCases where !legal.contains(event) {
      if event == .progressed, [.running, .stopping].contains(from.kind) { continue }
      var slot = from.slot
      let refusal = #expect(throws: Refusal.self, "\(from) \(event)") {
        try slot.apply(event.event)
      }
      #expect(refusal == Self.refusal(from, event), "\(from) \(event)")
      #expect(slot == from.slot, "\(from) \(event)")
    }
  }

  /// How an event that is no move is refused.
  static func refusal(_ from: SamplePhase, _ event: SampleEvent) -> Refusal {
    let isCancel = [.cancel, .replace, .deleteTrigger].contains(event)
    return switch (from.kind, event) {
    case (.final, _): isCancel ? .alreadyDone : .final
    case (.created, .started) where from == .latecomer: .alreadyDone
    case (.created, .progressed) where from == .latecomer: .alreadyDone
    case (.created, .resume), (.offered, .resume), (.running, .resume): .alreadyDone
    case (.created, .pause): .alreadyDone  // Paused before.
    case (.running, .started), (.stopping, .started): .alreadyDone
    case (.stopping, _) where isCancel: .alreadyDone
    default: .illegalMove
    }
  }

  @Test(arguments: [SamplePhase.running, .stoppingForCancel])
  func `progress is noted without a move`(from: SamplePhase) throws {
    var slot = from.slot
    #expect(try slot.apply(SampleEvent.progressed.event) == nil)
    #expect(slot.progress?.percent == 50)
    #expect(slot.phase == from.phase)
  }

  @Test func `a slot is not offered before its time`() {
    var slot = SamplePhase.delayed.slot
    let refusal = #expect(throws: Refusal.self) { try slot.apply(SampleEvent.offer.event) }
    #expect(refusal == .illegalMove)
  }

  @Test(arguments: [UInt64(6), 7])
  func `an epoch never falls and never repeats`(epoch: UInt64) {
    var slot = SamplePhase.ready.slot
    let refusal = #expect(throws: Refusal.self) {
      try slot.apply(.offer(to: SamplePhase.owner, epoch: Epoch(epoch)))
    }
    #expect(refusal == .illegalMove)
    #expect(slot.epoch == SamplePhase.epoch)
  }
}

extension SamplePhase {
  enum Kind { case created, offered, running, stopping, final }

  var kind: Kind {
    switch phase {
    case .waiting, .held: .created
    case .offered: .offered
    case .running: .running
    case .stopping: .stopping
    case .completed, .faulted, .canceled: .final
    }
  }
}
