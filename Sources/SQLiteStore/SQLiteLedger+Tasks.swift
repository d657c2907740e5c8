import Engine
import PlatformSQLite
import Store

/// Slots, as rules see and change them; rows that are not in memory are read.
extension SQLiteLedger {
  func insert(_ row: SlotRow, of task: TaskRecord) throws(StoreError) {
    writes += 1
    let entry = KeptSlot(row, of: task, stored: nil)
    if row.slot.state.isFinal { entry.endedAt = row.history.lastMoveAt }
    live.insert(entry)
    try noteFire(of: task, shard: row.slot.id.shard)
  }

  func change(_ entry: KeptSlot, _ body: (inout SlotRow) -> Void) {
    writes += 1
    live.willChange(entry)
    let wasFinal = entry.row.slot.state.isFinal
    body(&entry.row)
    if !wasFinal, entry.row.slot.state.isFinal { entry.endedAt = now }
  }

  func slot(_ id: SlotID) throws(StoreError) -> KeptSlot? {
    if let found = live[id] { return found.row.slot.id == id ? found : nil }
    guard let (row, columns, record) = try stored(id) else { return nil }
    guard let task = try id.shard == 0 ? record : task(id.task) else {
      throw .damaged("the first slot of \(id.task)")
    }
    let entry = KeptSlot(row, of: task, stored: columns)
    live.keep(entry)
    return entry
  }

  /// The row of a slot; with it the record of its task, when it is the first.
  private func stored(
    _ id: SlotID
  ) throws(StoreError) -> (SlotRow, SlotColumns, TaskRecord?)? {
    let select = try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT task, shard, body, history, result, deadline, place, delayed_until,
            template, nominal_at, manual, created_at, param, missed, rerun_of
          FROM slots WHERE number = ?
        """
      )
      try select.bind(1, id.number)
      return try select.step() ? select : nil
    }
    guard let select else { return nil }
    defer { select.reset() }
    guard select.uuid(0) == id.task.uuid, select.int(1) == id.shard else { return nil }
    let row = try select.slotRow(of: id.task, from: 1)
    let columns = SlotColumns(
      place: select.int(6),
      delayedUntil: select.optionalTime(7),
      deadline: row.deadline
    )
    guard id.shard == 0 else { return (row, columns, nil) }
    let template = try template(select.int64(8))
    return (row, columns, select.taskRecord(id.task, template, from: 9))
  }

  func slots(of task: TaskID) throws(StoreError) -> [KeptSlot] {
    guard let first = try slot(SlotID(task: task, shard: 0)) else { return [] }
    var slots = [first]
    for shard in 1..<max(first.task.template.value.shardCount, 1) {
      guard let next = try slot(SlotID(task: task, shard: shard)) else {
        throw .damaged("the shard \(shard) of \(task)")
      }
      slots.append(next)
    }
    return slots
  }
}
