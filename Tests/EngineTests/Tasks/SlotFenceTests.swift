import Engine
import Testing

@Suite struct SlotFenceTests {
  static let own = Fence(epoch: SamplePhase.epoch, boot: SamplePhase.owner.boot)
  static let old = Fence(epoch: Epoch(6), boot: SamplePhase.owner.boot)
  static let thief = Fence(epoch: SamplePhase.epoch, boot: BootID(UUIDv7(high: 9, low: 9)))

  @Test(arguments: SamplePhase.allCases)
  func `an old epoch is refused in every phase, whatever is asked`(from: SamplePhase) {
    for event in SampleEvent.allCases {
      var slot = from.slot
      let refusal = #expect(throws: Refusal.self) { try slot.apply(event.event, fence: Self.old) }
      #expect(refusal == .staleEpoch, "\(from) \(event)")
      #expect(slot == from.slot)
    }
  }

  @Test(arguments: SamplePhase.allCases)
  func `another process moves nothing`(from: SamplePhase) {
    for event in SampleEvent.allCases {
      var slot = from.slot
      let refusal = #expect(throws: Refusal.self) { try slot.apply(event.event, fence: Self.thief) }
      #expect(refusal.map { [.notOwner, .staleEpoch, .final].contains($0) } == true)
      #expect(slot == from.slot, "\(from) \(event)")
    }
  }

  @Test(arguments: [SamplePhase.ready, .delayed, .heldByOverlap, .paused])
  func `a run that was taken back cannot report any more`(from: SamplePhase) {
    for event in [SampleEvent.started, .succeeded, .failed, .progressed] {
      var slot = from.slot
      let refusal = #expect(throws: Refusal.self) { try slot.apply(event.event, fence: Self.own) }
      #expect(refusal == .staleEpoch)
    }
  }

  @Test(arguments: [SampleEvent.succeeded, .failed, .failedForGood, .released])
  func `a report that is repeated gets the same answer`(event: SampleEvent) throws {
    var slot = SamplePhase.running.slot
    #expect(try slot.apply(event.event, fence: Self.own) != nil)
    let after = slot
    let refusal = #expect(throws: Refusal.self) { try slot.apply(event.event, fence: Self.own) }
    #expect(refusal == .alreadyDone)
    #expect(slot == after)
  }

  @Test func `another report after the first is not the same`() throws {
    var slot = SamplePhase.running.slot
    _ = try slot.apply(SampleEvent.succeeded.event, fence: Self.own)
    let refusal = #expect(throws: Refusal.self) {
      try slot.apply(SampleEvent.failed.event, fence: Self.own)
    }
    #expect(refusal == .final)
  }

  @Test(arguments: [SampleEvent.started, .progressed])
  func `a worker that goes on after its lease was lost may say so`(event: SampleEvent) throws {
    var slot = SamplePhase.latecomer.slot
    let refusal = #expect(throws: Refusal.self) { try slot.apply(event.event, fence: Self.own) }
    #expect(refusal == .alreadyDone)  // Else it would be told to give the run up.
    _ = try slot.apply(SampleEvent.succeeded.event, fence: Self.own)
    #expect(slot.phase == .completed(.late))
  }

  @Test(arguments: [SamplePhase.stoppingForRunLimit, .stoppingForHeartbeat])
  func `a cancellation during a stop for a limit is not forgotten`(from: SamplePhase) throws {
    var slot = from.slot
    #expect(try slot.apply(.cancel(.requested))?.number == 11)
    _ = try slot.apply(SampleEvent.stopped.event, fence: Self.own)
    #expect(slot.phase == .canceled(.requested))
  }

  @Test func `after a forced stop the late result is refused`() throws {
    var slot = SamplePhase.stoppingForRunLimit.slot
    _ = try slot.apply(.stopOverdue)
    let refusal = #expect(throws: Refusal.self) {
      try slot.apply(SampleEvent.succeeded.event, fence: Self.own)
    }
    #expect(refusal == .staleEpoch)
  }
}
