/// Decides which ready slot goes to which worker: filter by labels, then order, then fairness.
///
/// A worker's demand is a number of credits for each handler; each match uses one up.
package struct Matchmaker: Sendable {
  /// Names one open stream of a worker.
  package typealias SessionID = Int

  package struct Match: Sendable {
    package let slot: ReadySlot
    package let session: SessionID
  }

  /// What a worker is willing to take.
  package struct Demand: Sendable {
    package let worker: String
    package let namespace: String
    package var labels: Labels
    package let matching: LabelMatching
    fileprivate(set) package var credits: [String: Int] = [:]
    /// How many more runs it can have in hand, whatever the handler.
    fileprivate(set) package var room: Int
    /// How many more bytes of offers may wait to be written to it.
    fileprivate var window = Int.max

    /// Uses up one credit, and the bytes of one offer; returns how many credits are left.
    fileprivate mutating func spend(_ handler: String, bytes: Int) -> Int {
      room -= 1
      window -= bytes
      let rest = credits[handler, default: 0] - 1
      credits[handler] = rest
      return rest
    }

    package init(
      worker: String,
      namespace: String,
      labels: Labels,
      matching: LabelMatching,
      room: Int
    ) {
      self.room = room
      self.worker = worker
      self.namespace = namespace
      self.labels = labels
      self.matching = matching
    }
  }

  package let queueBound: Int
  private var queues: [QueueKey: HandlerQueue] = [:]
  private var demands: [SessionID: Demand] = [:]
  /// Sessions with credit for a queue, the next in turn in front.
  private var turns: [QueueKey: [SessionID]] = [:]
  /// Queues in which something changed since they were last matched.
  private var stirred: Set<QueueKey> = []
  /// Workers that have a shard of a task, so that its other shards go elsewhere.
  private var placements: [TaskID: [Int: String]] = [:]

  package init(queueBound: Int = 50_000) {
    self.queueBound = queueBound
  }

  // MARK: Supply

  package mutating func add(_ slot: ReadySlot) {
    let key = slot.template.value.queue
    queues[key, default: HandlerQueue(bound: queueBound)].add(slot)
    stirred.insert(key)
  }

  package mutating func refill(_ key: QueueKey, with slots: [ReadySlot], isAll: Bool) {
    queues[key, default: HandlerQueue(bound: queueBound)].refill(with: slots, isAll: isAll)
    stirred.insert(key)
  }

  package mutating func refillFailed(_ key: QueueKey) {
    queues[key]?.refillFailed()
  }

  /// The queues that should be filled from the store now; each is named once.
  ///
  /// `unwritten` are slots that were handed out, but that the store may still name as ready.
  package mutating func queuesToRefill(unwritten: some Sequence<ReadySlot> = []) -> [QueueKey] {
    let low = queues.keys.filter { queues[$0]?.beginRefill() ?? false }
    guard !low.isEmpty else { return [] }
    for slot in unwritten { queues[slot.template.value.queue]?.departed(slot.id) }
    return low
  }

  // MARK: Demand

  package mutating func join(_ session: SessionID, _ demand: Demand) {
    demands[session] = demand
  }

  package mutating func leave(_ session: SessionID) {
    guard let demand = demands.removeValue(forKey: session) else { return }
    for handler in demand.credits.keys {
      turns[QueueKey(namespace: demand.namespace, handler: handler)]?.removeAll { $0 == session }
    }
  }

  /// Adds `count` credits for `handler`; a negative count takes some away.
  package mutating func grant(_ session: SessionID, handler: String, _ count: Int) {
    guard let demand = demands[session] else { return }
    let key = QueueKey(namespace: demand.namespace, handler: handler)
    let before = demand.credits[handler, default: 0]
    let after = max(0, min(before + count, Matchmaker.mostCredits))
    demands[session]?.credits[handler] = after
    if before == 0, after > 0 { turns[key, default: []].append(session) }
    if before > 0, after == 0 { turns[key]?.removeAll { $0 == session } }
    stirred.insert(key)
  }

  /// No worker can have more offers of one handler in flight than this.
  package static let mostCredits = 100_000

  /// Withdraws all credits: the worker is draining.
  package mutating func withdraw(_ session: SessionID) {
    for handler in (demands[session]?.credits ?? [:]).keys {
      grant(session, handler: handler, -Matchmaker.mostCredits)
    }
  }

  /// The session has a run in hand that was meant for an earlier stream of its worker.
  package mutating func occupy(_ session: SessionID) {
    demands[session]?.room -= 1
  }

  /// A run that the session had in hand is over.
  package mutating func release(_ session: SessionID) {
    guard let demand = demands[session] else { return }
    demands[session]?.room += 1
    guard demand.room == 0 else { return }
    for (handler, credits) in demand.credits where credits > 0 {
      stirred.insert(QueueKey(namespace: demand.namespace, handler: handler))
    }
  }

  /// How many more bytes of offers may wait for the session; without any it gets none.
  package mutating func setWindow(_ session: SessionID, _ bytes: Int) {
    guard let demand = demands[session] else { return }
    demands[session]?.window = bytes
    guard demand.window <= 0, bytes > 0 else { return }
    for (handler, credits) in demand.credits where credits > 0 {
      stirred.insert(QueueKey(namespace: demand.namespace, handler: handler))
    }
  }

  package mutating func relabel(_ session: SessionID, _ labels: Labels) {
    demands[session]?.labels = labels
  }

  // MARK: Matching

  /// Whether something changed since the last match that may let a slot go.
  package var canMatch: Bool {
    stirred.contains { (queues[$0]?.count ?? 0) > 0 && turns[$0]?.isEmpty == false }
  }

  /// Binds up to `limit` slots to sessions, using up their credits.
  package mutating func match(limit: Int) -> [Match] {
    var matches: [Match] = []
    for key in stirred {
      guard matches.count < limit else { return matches }
      match(key, limit: limit, &matches)
      if matches.count < limit { stirred.remove(key) }
    }
    return matches
  }

  private mutating func match(_ key: QueueKey, limit: Int, _ matches: inout [Match]) {
    // Both are taken out while they change: looked up once, and never copied.
    guard var queue = queues.removeValue(forKey: key) else { return }
    var turn = turns.removeValue(forKey: key) ?? []
    for labels in queue.labelSets {
      while matches.count < limit, let slot = queue.first(for: labels),
        let session = takeTurn(&turn, slot)
      {
        _ = queue.takeFirst(for: labels)
        matches.append(Match(slot: slot, session: session))
      }
    }
    queues[key] = queue
    turns[key] = turn
  }

  /// The next session in turn that agrees with the slot's labels, one without its siblings first.
  private mutating func takeTurn(_ turn: inout [SessionID], _ slot: ReadySlot) -> SessionID? {
    let template = slot.template.value
    let siblings = template.shardCount > 1 ? placements[slot.id.task] ?? [:] : [:]
    var fallback: Int?
    var chosen: Int?
    for (index, session) in turn.enumerated() {
      guard let demand = demands[session], demand.room > 0, demand.window > 0,
        demand.matching.agrees(worker: demand.labels, task: template.labels)
      else { continue }
      guard siblings.values.contains(demand.worker) else {
        chosen = index
        break
      }
      fallback = fallback ?? index
    }
    guard let index = chosen ?? fallback else { return nil }
    let session = turn.remove(at: index)
    let rest = demands[session]?.spend(template.handler, bytes: slot.weight) ?? 0
    if rest > 0 { turn.append(session) }
    if template.shardCount > 1 {
      placements[slot.id.task, default: [:]][slot.id.shard] = demands[session]?.worker
    }
    return session
  }

  /// Forgets where a shard ran, once it runs no longer.
  package mutating func vacate(_ slot: SlotID) {
    guard placements[slot.task]?.removeValue(forKey: slot.shard) != nil else { return }
    if placements[slot.task]?.isEmpty ?? true { placements[slot.task] = nil }
  }

  // MARK: Looking in

  package func queue(_ key: QueueKey) -> HandlerQueue? { queues[key] }
  package var queueKeys: Dictionary<QueueKey, HandlerQueue>.Keys { queues.keys }
  package func demand(of session: SessionID) -> Demand? { demands[session] }
}
