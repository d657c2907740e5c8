/// The ready slots of one handler, in the order they go out, and the sessions that may take them.
///
/// It holds at most `bound` slots; the rest wait in the store. While any do, new ones are left to the
/// store as well, so that what is here always comes first; `refill(with:isAll:)` brings the next stretch.
package final class HandlerQueue {
  package let key: QueueKey
  /// The most slots kept in memory.
  package let bound: Int
  /// Sessions with credit for the queue.
  var turn = Turn()
  /// Whether something changed since the queue was last matched.
  var isStirred = false
  /// Whether it ever had a slot; else it is known only because somebody would take some.
  private(set) var isSupplied = false

  /// One lane for each set of labels, since a worker takes only those that agree with its own. One that
  /// runs empty stays while it is the only one, for it mostly fills again.
  private var lanes: [Labels: Lane] = [:]
  /// The lane that the last slot went into, and that slot's template.
  private var latest: (template: SharedTemplate, lane: Lane)?
  package private(set) var count = 0
  package private(set) var peak = 0
  /// Slots left to the store since the queue was last whole.
  package private(set) var overflow = 0
  /// What happened while a refill was under way; `nil` when none is.
  private var meanwhile: Meanwhile?

  /// The slots that ask for the same labels.
  final class Lane {
    let labels: Labels
    fileprivate(set) var slots = SlotHeap()

    init(_ labels: Labels) {
      self.labels = labels
    }
  }

  private struct Meanwhile {
    var arrivals: [ReadySlot] = []
    /// The store may still have named these as ready when it was read.
    var departures: Set<SlotID> = []
  }

  init(_ key: QueueKey, bound: Int) {
    self.key = key
    self.bound = bound
  }

  /// Whether slots wait in the store that are not here.
  package var isPartial: Bool { overflow > 0 }

  /// Whether it is time to ask the store for more; asking is noted, so that it happens once.
  func beginRefill() -> Bool {
    guard isPartial, meanwhile == nil, count <= bound / 2 else { return false }
    meanwhile = Meanwhile()
    return true
  }

  /// The slot was handed out, but the store may not have written that down yet.
  func departed(_ slot: SlotID) {
    meanwhile?.departures.insert(slot)
  }

  func add(_ slot: ReadySlot) {
    isSupplied = true
    meanwhile?.arrivals.append(slot)
    guard !isPartial, count < bound else {
      overflow += 1
      return
    }
    insert(slot)
  }

  /// Replaces what is here by the first slots in the store; `isAll` says that there are no others.
  func refill(with slots: [ReadySlot], isAll: Bool) {
    isSupplied = true
    let (arrivals, departures) = (meanwhile?.arrivals ?? [], meanwhile?.departures ?? [])
    meanwhile = nil
    clearLanes()
    for slot in slots where !departures.contains(slot.id) { insert(slot) }
    guard isAll else {
      overflow = max(overflow, 1)  // As after a start, when nobody counted them.
      return
    }
    overflow = 0
    guard !arrivals.isEmpty else { return }
    let known = Set(slots.map(\.id)).subtracting(departures)
    for slot in arrivals where !known.contains(slot.id) { add(slot) }
  }

  /// Takes back a refill that failed; the next `beginRefill` asks again.
  func refillFailed() {
    meanwhile = nil
  }

  // MARK: Lanes

  /// The lanes with slots, the one whose first slot goes first in front.
  var lanesInOrder: [Lane] {
    guard lanes.count > 1 else { return Array(lanes.values) }
    return lanes.values.sorted { first, second in
      guard let first = first.slots.first, let second = second.slots.first else { return false }
      return first < second
    }
  }

  func takeFirst(of lane: Lane) {
    guard let slot = lane.slots.removeFirst() else { return }
    count -= 1
    departed(slot.id)
    guard lane.slots.isEmpty, lanes.count > 1 else { return }
    lanes[lane.labels] = nil
    if latest?.lane === lane { latest = nil }
  }

  private func insert(_ slot: ReadySlot) {
    lane(for: slot.template).slots.insert(slot)
    count += 1
    peak = max(peak, count)
  }

  /// Slots of one template mostly come together.
  private func lane(for template: SharedTemplate) -> Lane {
    if let latest, latest.template === template { return latest.lane }
    let labels = template.value.labels
    let lane = lanes[labels] ?? open(labels)
    latest = (template, lane)
    return lane
  }

  private func open(_ labels: Labels) -> Lane {
    if count == 0 { clearLanes() }
    let lane = Lane(labels)
    lanes[labels] = lane
    return lane
  }

  private func clearLanes() {
    lanes = [:]
    latest = nil
    count = 0
  }
}
