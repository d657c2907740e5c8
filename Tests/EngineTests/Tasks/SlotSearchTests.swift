import Engine
import Testing

/// Every state that a slot can reach, and every event in each of them: nothing is left to chance.
///
/// Times are counted from now and coarsened to what the rules can tell apart: come or still to come,
/// within the window of crashes or before it. Offers are counted up to the limit; the long stretch in
/// the middle, where all numbers are alike, is skipped over.
@Suite struct SlotSearchTests {
  @Test(arguments: [
    SlotPolicy(retry: RetryPolicy(retries: 0), atMostOnce: false),
    SlotPolicy(retry: RetryPolicy(retries: 1), atMostOnce: false),
    SlotPolicy(retry: RetryPolicy(retries: 1), atMostOnce: true),
  ])
  func `no event leads a slot where it must not be`(policy: SlotPolicy) {
    var search = SlotSearch(policy)
    search.run()
    #expect(search.problems.isEmpty)
    #expect(search.places.count == SlotSearch.Place.allCases.count, "some state is never reached")
    // The first row of the table makes the slot, the twenty-first is time alone.
    let expected = Set(UInt8(2)...22).subtracting([21])
    let unreachable: Set<UInt8> =
      policy.atMostOnce ? [8, 19] : policy.retry.retries == 0 ? [8] : []
    #expect(search.moves == expected.subtracting(unreachable))
  }
}

/// A search, breadth first, over the states of one slot.
private struct SlotSearch {
  enum Place: CaseIterable {
    case waiting, held, offered, running, stopping, completed, faulted, canceled
  }

  private static let now = Timestamp(seconds: 1_800_000_000)
  private static let id = SlotID(task: TaskID(UUIDv7(high: 1, low: 1)), shard: 0)
  private static let owners = [UInt64(1), 2].map { number in
    Owner(worker: "w\(number)", boot: BootID(UUIDv7(high: 2, low: number)))
  }

  let policy: SlotPolicy
  private var known: Set<Slot> = []
  private var frontier: [Slot] = []
  private(set) var problems: [String] = []
  private(set) var places: Set<Place> = []
  private(set) var moves: Set<UInt8> = []

  init(_ policy: SlotPolicy) {
    self.policy = policy
  }

  mutating func run() {
    let now = SlotSearch.now
    for phase in [
      Slot.Phase.waiting(readyAt: now, latecomer: nil),
      .waiting(readyAt: now + .seconds(1), latecomer: nil), .held(.overlap, readyAt: now),
    ] {
      visit(Slot(id: SlotSearch.id, phase: phase))
    }
    while !frontier.isEmpty, problems.isEmpty {
      let states = frontier
      frontier = []
      for slot in states { explore(slot) }
    }
  }

  private mutating func visit(_ slot: Slot) {
    let slot = slot.coarsened(at: SlotSearch.now)
    guard known.insert(slot).inserted else { return }
    places.insert(slot.place)
    frontier.append(slot)
  }

  private mutating func explore(_ slot: Slot) {
    for aged in slot.aged(at: SlotSearch.now) { visit(aged) }
    for event in SlotSearch.events(after: slot.epoch) {
      for fence in SlotSearch.fences(of: slot) {
        for jitter in [0, 0.999] { apply(event, fence, jitter, to: slot) }
      }
    }
  }

  /// Every kind of event there is.
  private static func events(after epoch: Epoch) -> [SlotEvent] {
    let offers = owners.map { SlotEvent.offer(to: $0, epoch: Epoch(epoch.value + 1)) }
    let old = SlotEvent.offer(to: owners[0], epoch: epoch)
    let failures = [true, false].flatMap { retryable in
      [nil, Duration.zero, .seconds(1)].map { after in
        SlotEvent.failed(message: "", retryable: retryable, retryAfter: after)
      }
    }
    let limits: [SlotEvent.Limit] = [.queue, .run, .heartbeat, .total]
    let reasons: [CancelReason] = [.requested, .replaced, .triggerDeleted]
    return offers + [old] + failures + limits.map(SlotEvent.limitPassed)
      + reasons.map(SlotEvent.cancel) + [
        .started, .succeeded(result: []), .stopped(message: ""), .declined(reason: ""), .released,
        .progressed(.init(percent: nil, note: "")), .acknowledgementOverdue, .leaseLost,
        .stopOverdue, .pause, .resume, .blockerEnded,
      ]
  }

  /// Nobody's, the server's own, and those of two processes; each but the first also out of date.
  private static func fences(of slot: Slot) -> [Fence?] {
    let epochs = [slot.epoch, Epoch(slot.epoch.value &+ 1), Epoch(slot.epoch.value &- 1)]
    return [nil]
      + epochs.flatMap { epoch in
        [Fence(epoch: epoch)] + owners.map { Fence(epoch: epoch, boot: $0.boot) }
      }
  }

  // MARK: One edge

  private mutating func apply(
    _ event: SlotEvent,
    _ fence: Fence?,
    _ jitter: Double,
    to slot: Slot
  ) {
    var moved = slot
    do throws(Refusal) {
      let move = try moved.apply(
        event,
        fence: fence,
        policy: policy,
        at: SlotSearch.now,
        jitter: jitter
      )
      if let move { moves.insert(move.number) }
      check(event, fence, from: slot, to: moved, move)
      visit(moved)
    } catch {
      check(event, fence, refusal: error, slot, after: moved)
    }
  }

  private mutating func fail(_ text: String, _ event: SlotEvent, _ fence: Fence?, _ slot: Slot) {
    problems.append("\(text): \(event), \(fence as Any), on \(slot)")
  }

  /// A refusal changes nothing, and what has no objection is not refused for want of one.
  private mutating func check(
    _ event: SlotEvent,
    _ fence: Fence?,
    refusal: Refusal,
    _ slot: Slot,
    after: Slot
  ) {
    if after != slot { fail("refused, and changed all the same", event, fence, slot) }
    guard let fence else { return }
    if fence.epoch != slot.epoch, refusal != .staleEpoch {
      fail("another epoch was refused as \(refusal)", event, fence, slot)
    }
  }

  private mutating func check(
    _ event: SlotEvent,
    _ fence: Fence?,
    from slot: Slot,
    to moved: Slot,
    _ move: SlotMove?
  ) {
    if slot.state.isFinal { fail("a final state was left", event, fence, slot) }
    checkFence(event, fence, slot)
    checkEpoch(event, slot, moved)
    checkCounters(event, slot, moved)
    guard let move else {
      if moved.place != slot.place { fail("it moved without a move", event, fence, slot) }
      return
    }
    guard let row = SlotSearch.table[move.number], row.from.contains(slot.place),
      row.to.contains(moved.place), move.from == slot.state, move.to == moved.state,
      move.epoch == moved.epoch, move.readyAt == moved.readyAt
    else { return fail("move \(move.number) to \(moved)", event, fence, slot) }
    if move.number == 3, slot.readyAt.map({ $0 > SlotSearch.now }) ?? true {
      fail("handed out before its time", event, fence, slot)
    }
    if move.number == 19, slot.latecomer == nil { fail("nobody was late", event, fence, slot) }
    if policy.atMostOnce, [8, 10, 13, 15].contains(move.number), moved.place == .waiting {
      fail("what runs at most once is tried again", event, fence, slot)
    }
  }

  /// Whoever has not got the slot moves nothing.
  private mutating func checkFence(_ event: SlotEvent, _ fence: Fence?, _ slot: Slot) {
    guard let fence else { return }
    if fence.epoch != slot.epoch { fail("the fence was ignored", event, fence, slot) }
    guard let boot = fence.boot else { return }
    if (slot.owner ?? slot.latecomer)?.boot != boot {
      fail("another process was heard", event, fence, slot)
    }
    if event.reportKind != nil, event.reportKind == slot.settledBy {
      fail("a report was taken twice", event, fence, slot)
    }
  }

  private mutating func checkEpoch(_ event: SlotEvent, _ slot: Slot, _ moved: Slot) {
    if case .offer = event {
      if moved.epoch <= slot.epoch { fail("the epoch did not grow", event, nil, slot) }
    } else if moved.epoch != slot.epoch {
      fail("the epoch changed", event, nil, slot)
    }
  }

  private mutating func checkCounters(_ event: SlotEvent, _ slot: Slot, _ moved: Slot) {
    let (attempts, offers) = (moved.counters.attempts, moved.counters.offers)
    let crashes = moved.counters.crashes.count
    let most = policy.retry.retries + 1
    guard (0...most).contains(attempts), (0...SlotPolicy.offers).contains(offers),
      offers < SlotPolicy.offers || moved.state.isFinal, crashes <= SlotPolicy.crashes,
      crashes < SlotPolicy.crashes || moved.state.isFinal
    else { return fail("the counters are \(moved.counters)", event, nil, slot) }
    if moved.place == .waiting, attempts == most { fail("no attempt is left", event, nil, slot) }
  }

  /// The moves of the delivery semantics, §4, and where each leads.
  private static let table: [UInt8: (from: Set<Place>, to: Set<Place>)] = [
    2: ([.held], [.waiting, .held]), 3: ([.waiting], [.offered]), 4: ([.offered], [.running]),
    5: ([.offered], [.waiting, .faulted]), 6: ([.offered], [.canceled]),
    7: ([.running], [.completed]), 8: ([.running], [.waiting]), 9: ([.running], [.faulted]),
    10: ([.running], [.waiting, .faulted]), 11: ([.running, .stopping], [.stopping]),
    12: ([.stopping], [.canceled]), 13: ([.stopping], [.waiting, .faulted]),
    14: ([.stopping], [.completed]), 15: ([.stopping], [.waiting, .faulted, .canceled]),
    16: ([.running], [.waiting, .faulted]), 17: ([.waiting, .held], [.canceled]),
    18: ([.waiting, .held], [.faulted]), 19: ([.waiting], [.completed]),
    20: ([.waiting, .held, .offered], [.waiting, .held]), 22: ([.offered], [.faulted, .canceled]),
  ]
}

extension Slot {
  fileprivate var place: SlotSearch.Place {
    switch phase {
    case .waiting: .waiting
    case .held: .held
    case .offered: .offered
    case .running: .running
    case .stopping: .stopping
    case .completed: .completed
    case .faulted: .faulted
    case .canceled: .canceled
    }
  }

  fileprivate var latecomer: Owner? {
    if case .waiting(_, let latecomer) = phase { latecomer } else { nil }
  }

  /// The same slot as far as any rule can tell.
  fileprivate func coarsened(at now: Timestamp) -> Slot {
    var slot = self
    let soon = now + .seconds(1)
    switch phase {
    case .waiting(let readyAt, let latecomer):
      slot.phase = .waiting(readyAt: readyAt > now ? soon : now, latecomer: latecomer)
    case .held(let hold, let readyAt):
      slot.phase = .held(hold, readyAt: readyAt > now ? soon : now)
    case .offered(let owner, _): slot.phase = .offered(owner, at: now)
    case .running(let owner, _): slot.phase = .running(owner, since: now)
    case .stopping(let owner, _, let reason, _):
      slot.phase = .stopping(owner, since: now, reason, stopBy: now)
    case .completed, .faulted, .canceled: break
    }
    slot.epoch = epoch == .none ? .none : Epoch(10)
    slot.firstStartedAt = firstStartedAt.map { _ in now }
    slot.progress = nil
    let before = now - SlotPolicy.crashWindow - .seconds(1)
    slot.counters.crashes = counters.crashes.map { $0 > before ? now : before }
    if (3...16).contains(counters.offers) { slot.counters.offers = 3 }
    return slot
  }

  /// What time alone makes of it, and of the stretch of offers that was skipped over.
  fileprivate func aged(at now: Timestamp) -> [Slot] {
    var due = self
    if case .waiting(_, let latecomer) = phase {
      due.phase = .waiting(readyAt: now, latecomer: latecomer)
    }
    if case .held(let hold, _) = phase { due.phase = .held(hold, readyAt: now) }
    var later = due
    later.counters.crashes = counters.crashes.map { _ in
      now - SlotPolicy.crashWindow - .seconds(1)
    }
    var worn = self
    if counters.offers == 3 { worn.counters.offers = 17 }
    return [due, later, worn]
  }
}
