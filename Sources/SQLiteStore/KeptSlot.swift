import Engine
import Store

/// A slot as the thread that writes has it in memory, often newer than its row.
final class KeptSlot: SlotEntry {
  let task: TaskRecord
  var row: SlotRow
  var slot: Slot { row.slot }
  /// The number of its row.
  let number: Int64
  /// The indexed columns as they are stored; `nil` while there is no row.
  var stored: SlotColumns?
  /// When it ended; `nil` while it is not final, and when the row says so already.
  var endedAt: Timestamp?
  /// Whether there is something to store.
  var isUnsettled = false
  /// The stretch of writing in which it was changed last: what it was before is kept once for each.
  var stretch = 0
  /// The transaction whose page has it already.
  var page = 0

  init(_ row: SlotRow, of task: TaskRecord, stored: SlotColumns?) {
    number = row.slot.id.number
    self.stored = stored
    self.row = row
    self.task = task
  }

  /// Whether it is worth keeping once its row is stored: what is next to move is likely in line.
  func isWanted(at now: Timestamp) -> Bool {
    switch row.slot.phase {
    case .waiting(let readyAt, _): readyAt <= now
    case .offered, .running, .stopping: true
    case .held, .completed, .faulted, .canceled: false
    }
  }
}

extension SlotID {
  /// The number of the slot's row: the slots of a task follow one another.
  var number: Int64 { task.uuid.ordinal &+ Int64(shard) }
}
