/// Decides which ready slot goes to which worker: filter by labels, then order, then fairness.
///
/// A worker's demand is a number of credits for each handler; each match uses one up. Whoever has one is
/// its only user.
package final class Matchmaker {
  /// Names one open stream of a worker.
  package typealias SessionID = Int

  package struct Match: Sendable {
    package let slot: ReadySlot
    package let session: SessionID
  }

  /// What a worker is willing to take when it comes.
  package struct Demand: Sendable {
    package let worker: String
    package let namespace: String
    package let labels: Labels
    package let matching: LabelMatching
    /// How many runs it can have in hand, whatever the handler.
    package let room: Int

    package init(
      worker: String,
      namespace: String,
      labels: Labels,
      matching: LabelMatching,
      room: Int
    ) {
      self.worker = worker
      self.namespace = namespace
      self.labels = labels
      self.matching = matching
      self.room = room
    }
  }

  package let queueBound: Int
  private var queues: [QueueKey: HandlerQueue] = [:]
  private var takers: [SessionID: Taker] = [:]
  /// Queues in which something changed since they were last matched; each is here once.
  private var stirred: [HandlerQueue] = []
  /// Workers that have a shard of a task, so that its other shards go elsewhere.
  private var placements: [TaskID: [Int: String]] = [:]
  /// The queue of the last slot that came, and that slot's template.
  private var latest: (template: SharedTemplate, queue: HandlerQueue)?

  package init(queueBound: Int = 50_000) {
    self.queueBound = queueBound
  }

  private func stir(_ queue: HandlerQueue) {
    guard !queue.isStirred else { return }
    queue.isStirred = true
    stirred.append(queue)
  }

  private func obtain(_ key: QueueKey) -> HandlerQueue {
    if let queue = queues[key] { return queue }
    let queue = HandlerQueue(key, bound: queueBound)
    queues[key] = queue
    return queue
  }

  // MARK: Supply

  package func add(_ slot: ReadySlot) {
    let queue = queue(of: slot.template)
    queue.add(slot)
    stir(queue)
  }

  /// Slots of one template mostly come together.
  private func queue(of template: SharedTemplate) -> HandlerQueue {
    if let latest, latest.template === template { return latest.queue }
    let queue = obtain(template.value.queue)
    latest = (template, queue)
    return queue
  }

  package func refill(_ key: QueueKey, with slots: [ReadySlot], isAll: Bool) {
    let queue = obtain(key)
    queue.refill(with: slots, isAll: isAll)
    stir(queue)
  }

  package func refillFailed(_ key: QueueKey) {
    queues[key]?.refillFailed()
  }

  /// The queues that should be filled from the store now; each is named once.
  ///
  /// `unwritten` are slots that were handed out, but that the store may still name as ready.
  package func queuesToRefill(unwritten: some Sequence<ReadySlot> = []) -> [QueueKey] {
    let low = queues.values.filter { $0.beginRefill() }
    guard !low.isEmpty else { return [] }
    for slot in unwritten { queues[slot.template.value.queue]?.departed(slot.id) }
    return low.map(\.key)
  }

  // MARK: Demand

  package func join(_ session: SessionID, _ demand: Demand) {
    leave(session)
    takers[session] = Taker(session, demand)
  }

  package func leave(_ session: SessionID) {
    guard let taker = takers.removeValue(forKey: session) else { return }
    for credit in taker.credits.values where credit.count > 0 { credit.queue.turn.remove(credit) }
  }

  /// Adds `count` credits for `handler`; a negative count takes some away.
  package func grant(_ session: SessionID, handler: String, _ count: Int) {
    guard let taker = takers[session] else { return }
    let credit = credit(of: taker, for: handler)
    let before = credit.count
    credit.count = max(0, min(before + count, Matchmaker.mostCredits))
    if before == 0, credit.count > 0 { credit.queue.turn.append(credit) }
    if before > 0, credit.count == 0 { credit.queue.turn.remove(credit) }
    stir(credit.queue)
  }

  private func credit(of taker: Taker, for handler: String) -> Credit {
    if let credit = taker.credits[handler] { return credit }
    let queue = obtain(QueueKey(namespace: taker.namespace, handler: handler))
    let credit = Credit(of: taker, for: queue)
    taker.credits[handler] = credit
    return credit
  }

  /// No worker can have more offers of one handler in flight than this.
  package static let mostCredits = 100_000

  /// Withdraws all credits: the worker is draining.
  package func withdraw(_ session: SessionID) {
    for handler in (takers[session]?.credits ?? [:]).keys {
      grant(session, handler: handler, -Matchmaker.mostCredits)
    }
  }

  /// The session has a run in hand that was meant for an earlier stream of its worker.
  package func occupy(_ session: SessionID) {
    takers[session]?.room -= 1
  }

  /// A run that the session had in hand is over.
  package func release(_ session: SessionID) {
    guard let taker = takers[session] else { return }
    taker.room += 1
    if taker.room == 1 { stirQueues(of: taker) }
  }

  /// How many more bytes of offers may wait for the session; without any it gets none.
  package func setWindow(_ session: SessionID, _ bytes: Int) {
    guard let taker = takers[session] else { return }
    let before = taker.window
    taker.window = bytes
    if before <= 0, bytes > 0 { stirQueues(of: taker) }
  }

  /// The session can take slots again.
  private func stirQueues(of taker: Taker) {
    for credit in taker.credits.values where credit.count > 0 { stir(credit.queue) }
  }

  package func relabel(_ session: SessionID, _ labels: Labels) {
    takers[session]?.labels = labels
  }

  // MARK: Matching

  /// Whether something changed since the last match that may let a slot go.
  package var canMatch: Bool {
    stirred.contains { $0.count > 0 && !$0.turn.isEmpty }
  }

  /// Binds up to `limit` slots to sessions, using up their credits.
  ///
  /// A queue that reaches the limit goes on next time, behind the others.
  package func match(limit: Int) -> [Match] {
    var matches: [Match] = []
    var seen = 0
    while seen < stirred.count, matches.count < limit {
      match(stirred[seen], limit: limit, &matches)
      seen += 1
    }
    let done = stirred.prefix(seen)
    stirred.removeFirst(seen)
    for queue in done { queue.isStirred = false }
    if matches.count >= limit, let last = done.last { stir(last) }
    return matches
  }

  private func match(_ queue: HandlerQueue, limit: Int, _ matches: inout [Match]) {
    guard queue.count > 0, !queue.turn.isEmpty else { return }
    for lane in queue.lanesInOrder {
      while matches.count < limit, let slot = lane.slots.first,
        let session = takeTurn(in: queue, slot, lane.labels)
      {
        queue.takeFirst(of: lane)
        matches.append(Match(slot: slot, session: session))
      }
    }
  }

  /// Uses up a credit of the next session in turn that may have the slot.
  private func takeTurn(
    in queue: HandlerQueue,
    _ slot: ReadySlot,
    _ labels: Labels
  ) -> SessionID? {
    let isShard = slot.template.value.shardCount > 1
    let siblings = isShard ? placements[slot.id.task] : nil
    guard let offset = next(in: queue.turn, labels, siblings) else { return nil }
    let credit = queue.turn[offset]
    credit.count -= 1
    if credit.count > 0 { queue.turn.moveToBack(offset) } else { queue.turn.remove(at: offset) }
    let taker = credit.taker
    taker.room -= 1
    taker.window -= slot.weight
    if isShard { placements[slot.id.task, default: [:]][slot.id.shard] = taker.worker }
    return taker.session
  }

  /// The next session in turn that agrees with the labels, one without siblings of the slot first.
  private func next(in turn: Turn, _ labels: Labels, _ siblings: [Int: String]?) -> Int? {
    var fallback: Int?
    for offset in 0..<turn.count {
      let taker = turn[offset].taker
      guard taker.hasRoom, taker.agrees(with: labels) else { continue }
      guard let siblings, siblings.values.contains(taker.worker) else { return offset }
      fallback = fallback ?? offset
    }
    return fallback
  }

  /// Forgets where a shard ran, once it runs no longer.
  package func vacate(_ slot: SlotID) {
    guard !placements.isEmpty,
      placements[slot.task]?.removeValue(forKey: slot.shard) != nil
    else { return }
    if placements[slot.task]?.isEmpty ?? true { placements[slot.task] = nil }
  }

  // MARK: Looking in

  /// The queues that have, or had, slots.
  package var allQueues: [HandlerQueue] { queues.values.filter(\.isSupplied) }

  package func queue(_ key: QueueKey) -> HandlerQueue? { queues[key] }

  /// How many more slots of a handler the session takes; room aside.
  package func credits(of session: SessionID, for handler: String) -> Int {
    takers[session]?.credits[handler]?.count ?? 0
  }
}
