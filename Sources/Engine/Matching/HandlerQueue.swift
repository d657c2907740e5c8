/// The ready slots of one handler, in the order they go out.
///
/// It holds at most `bound` slots; the rest wait in the store. While any do, new ones are left to the
/// store as well, so that what is here always comes first; `refill(with:isAll:)` brings the next stretch.
package struct HandlerQueue: Sendable {
  /// The most slots kept in memory.
  package let bound: Int
  /// One heap for each set of labels, since a worker takes only those that agree with its own.
  private var heaps: [Labels: SlotHeap] = [:]
  package private(set) var count = 0
  package private(set) var peak = 0
  /// Slots left to the store since the queue was last whole.
  package private(set) var overflow = 0
  /// What happened while a refill was under way; `nil` when none is.
  private var meanwhile: Meanwhile?

  private struct Meanwhile {
    var arrivals: [ReadySlot] = []
    /// The store may still have named these as ready when it was read.
    var departures: Set<SlotID> = []
  }

  package init(bound: Int) {
    self.bound = bound
  }

  /// Whether slots wait in the store that are not here.
  package var isPartial: Bool { overflow > 0 }

  /// Whether it is time to ask the store for more; asking is noted, so that it happens once.
  package mutating func beginRefill() -> Bool {
    guard isPartial, meanwhile == nil, count <= bound / 2 else { return false }
    meanwhile = Meanwhile()
    return true
  }

  /// The slot was handed out, but the store may not have written that down yet.
  package mutating func departed(_ slot: SlotID) {
    meanwhile?.departures.insert(slot)
  }

  package mutating func add(_ slot: ReadySlot) {
    meanwhile?.arrivals.append(slot)
    guard !isPartial, count < bound else {
      overflow += 1
      return
    }
    insert(slot)
  }

  /// Replaces what is here by the first slots in the store; `isAll` says that there are no others.
  package mutating func refill(with slots: [ReadySlot], isAll: Bool) {
    let (arrivals, departures) = (meanwhile?.arrivals ?? [], meanwhile?.departures ?? [])
    meanwhile = nil
    heaps = [:]
    count = 0
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
  package mutating func refillFailed() {
    meanwhile = nil
  }

  private mutating func insert(_ slot: ReadySlot) {
    heaps[slot.template.value.labels, default: SlotHeap()].insert(slot)
    count += 1
    peak = max(peak, count)
  }

  /// The sets of labels that slots here ask for, the one whose first slot goes first in front.
  package var labelSets: [Labels] {
    guard heaps.count > 1 else { return Array(heaps.keys) }
    return heaps.keys.sorted { first, second in
      guard let first = heaps[first]?.first, let second = heaps[second]?.first else { return false }
      return first < second
    }
  }

  package func first(for labels: Labels) -> ReadySlot? {
    heaps[labels]?.first
  }

  package mutating func takeFirst(for labels: Labels) -> ReadySlot? {
    guard let place = heaps.index(forKey: labels),
      let slot = heaps.values[place].removeFirst()
    else { return nil }
    if heaps.values[place].isEmpty { heaps.remove(at: place) }
    count -= 1
    departed(slot.id)
    return slot
  }
}
