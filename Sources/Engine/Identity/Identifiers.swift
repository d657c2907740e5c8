/// Names one trigger for as long as it exists; deleting a trigger and creating it again makes a new one.
package struct TriggerID: Sendable, Hashable, Comparable, Codable {
  package let uuid: UUIDv7

  package init(_ uuid: UUIDv7) {
    self.uuid = uuid
  }

  package static func < (earlier: TriggerID, later: TriggerID) -> Bool {
    earlier.uuid < later.uuid
  }
}

/// Names one task.
package struct TaskID: Sendable, Hashable, Comparable, Codable {
  package let uuid: UUIDv7

  package init(_ uuid: UUIDv7) {
    self.uuid = uuid
  }

  package static func < (earlier: TaskID, later: TaskID) -> Bool {
    earlier.uuid < later.uuid
  }
}

/// Names one start of one worker process; a process that restarts has a new one.
package struct BootID: Sendable, Hashable {
  package let uuid: UUIDv7

  package init(_ uuid: UUIDv7) {
    self.uuid = uuid
  }
}

/// Names one shard of one task: what is handed out and retried by itself.
package struct SlotID: Sendable, Hashable, Comparable {
  package let task: TaskID
  /// Counts from 0.
  package let shard: Int

  package init(task: TaskID, shard: Int) {
    self.task = task
    self.shard = shard
  }

  package static func < (earlier: SlotID, later: SlotID) -> Bool {
    earlier.task == later.task ? earlier.shard < later.shard : earlier.task < later.task
  }
}

/// The fencing token of one hand-over: larger at every claim of a slot, never reused.
///
/// The upper half is the generation of the store, raised at every start; the lower half counts.
package struct Epoch: Sendable, Hashable, Comparable {
  package let value: UInt64

  package init(_ value: UInt64) {
    self.value = value
  }

  package init(generation: UInt32, count: UInt32) {
    value = UInt64(generation) << 32 | UInt64(count)
  }

  /// What a slot that was never handed out carries.
  package static let none = Epoch(0)

  package static func < (earlier: Epoch, later: Epoch) -> Bool {
    earlier.value < later.value
  }
}

/// Names one hand-over of one slot to one worker.
package struct RunID: Sendable, Hashable {
  package let slot: SlotID
  package let epoch: Epoch

  package init(slot: SlotID, epoch: Epoch) {
    self.slot = slot
    self.epoch = epoch
  }
}

extension TriggerID: CustomStringConvertible {
  package var description: String { uuid.description }
}

extension TaskID: CustomStringConvertible {
  package var description: String { uuid.description }
}

extension BootID: CustomStringConvertible {
  package var description: String { uuid.description }
}

extension SlotID: CustomStringConvertible {
  package var description: String { "\(task).\(shard)" }
}

extension Epoch: CustomStringConvertible {
  package var description: String { "\(value)" }
}

extension RunID: CustomStringConvertible {
  /// The task, the shard and the epoch, with a full stop between: usable in a URL and a file name.
  package var description: String { "\(slot).\(epoch)" }
}
