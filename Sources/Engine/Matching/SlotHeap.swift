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

  static func < (first: ReadySlot, second: ReadySlot) -> Bool {
    (first.order, first.id) < (second.order, second.id)
  }
}

/// Ready slots, the one that goes first on top: a binary heap.
package struct SlotHeap: Sendable {
  private var slots: [ReadySlot] = []

  package init() {}

  package var count: Int { slots.count }
  package var isEmpty: Bool { slots.isEmpty }
  package var first: ReadySlot? { slots.first }

  package mutating func insert(_ slot: ReadySlot) {
    slots.append(slot)
    var child = slots.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard slots[child] < slots[parent] else { return }
      slots.swapAt(child, parent)
      child = parent
    }
  }

  package mutating func removeFirst() -> ReadySlot? {
    guard let last = slots.popLast() else { return nil }
    guard let first = slots.first else { return last }
    slots[0] = last
    var parent = 0
    while true {
      let left = 2 * parent + 1
      let right = left + 1
      guard left < slots.count else { return first }
      let child = right < slots.count && slots[right] < slots[left] ? right : left
      guard slots[child] < slots[parent] else { return first }
      slots.swapAt(child, parent)
      parent = child
    }
  }
}
