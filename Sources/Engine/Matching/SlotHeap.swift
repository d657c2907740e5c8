/// A slot that is ready to be handed out.
package struct ReadySlot: Sendable {
  package let id: SlotID
  /// Smaller goes first.
  package let order: Int64
  package let template: SharedTemplate
  /// About how many bytes its offer takes.
  package let weight: Int

  /// `paramBytes` is the size of the task's own parameter; `nil` when it has none, or it is not known.
  package init(id: SlotID, order: Int64, template: SharedTemplate, paramBytes: Int? = nil) {
    self.id = id
    self.order = order
    self.template = template
    weight = 128 + (paramBytes ?? template.value.param.utf8.count)
  }

  package static func < (first: ReadySlot, second: ReadySlot) -> Bool {
    first.order == second.order ? first.id < second.id : first.order < second.order
  }
}

/// Ready slots, the one that goes first on top.
///
/// Most come in the order in which they go, and wait in line. The others wait in a binary heap.
package struct SlotHeap: Sendable {
  private var line: [ReadySlot] = []
  /// How many at the front of the line have gone.
  private var gone = 0
  private var heap: [ReadySlot] = []

  package init() {}

  package var count: Int { line.count - gone + heap.count }
  package var isEmpty: Bool { gone == line.count && heap.isEmpty }

  package var first: ReadySlot? {
    isHeapFirst ? heap.first : gone < line.count ? line[gone] : nil
  }

  private var isHeapFirst: Bool {
    guard !heap.isEmpty else { return false }
    return gone == line.count || heap[0] < line[gone]
  }

  package mutating func insert(_ slot: ReadySlot) {
    if line.isEmpty || line[line.count - 1] < slot {
      line.append(slot)
    } else {
      push(slot)
    }
  }

  package mutating func removeFirst() -> ReadySlot? {
    if isHeapFirst { return pop() }
    guard gone < line.count else { return nil }
    let slot = line[gone]
    gone += 1
    if gone == line.count || gone >= SlotHeap.patience && gone >= line.count / 2 { closeRanks() }
    return slot
  }

  /// So many places at the front may be empty, and as many as there are slots behind them.
  private static let patience = 1_024

  private mutating func closeRanks() {
    if gone == line.count {
      line.removeAll(keepingCapacity: line.count <= SlotHeap.patience)
    } else {
      line.removeFirst(gone)
    }
    gone = 0
  }

  // MARK: The heap

  private mutating func push(_ slot: ReadySlot) {
    heap.append(slot)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child] < heap[parent] else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func pop() -> ReadySlot? {
    guard let last = heap.popLast() else { return nil }
    guard let first = heap.first else { return last }
    heap[0] = last
    var parent = 0
    while true {
      let left = 2 * parent + 1
      let right = left + 1
      guard left < heap.count else { return first }
      let child = right < heap.count && heap[right] < heap[left] ? right : left
      guard heap[child] < heap[parent] else { return first }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}
