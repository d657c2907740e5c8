import Engine
import PlatformSQLite
import Store

extension SQLiteLedger {
  // MARK: Templates

  func share(_ template: TaskTemplate) throws(StoreError) -> SharedTemplate {
    if let found = templates.find(template) { return found }
    let text = try TemplateText.write(template)
    let number = try translated { () throws(SQLiteError) in try templateNumber(text) }
    let shared = SharedTemplate(number: number, value: template)
    templates.insert(shared)
    return shared
  }

  private func templateNumber(_ text: String) throws(SQLiteError) -> Int64 {
    let select = try connection.cached("SELECT number FROM templates WHERE body = ?")
    try select.bind(1, text)
    defer { select.reset() }
    if try select.step() { return select.int64(0) }
    let insert = try connection.cached("INSERT INTO templates (body) VALUES (?)")
    try insert.bind(1, text)
    try write(insert)
    return connection.lastInsertRowID
  }

  private func template(_ number: Int64) throws(StoreError) -> SharedTemplate {
    if let found = templates[number] { return found }
    let shared = try Queries.template(number, on: connection)
    guard let shared else { throw .damaged("the template \(number)") }
    templates.insert(shared)
    return shared
  }

  private func queue(_ key: QueueKey) throws(SQLiteError) -> Int64 {
    if let number = queues[key] { return number }
    let insert = try connection.cached(
      "INSERT INTO queues (namespace, handler) VALUES (?, ?) ON CONFLICT DO NOTHING"
    )
    try insert.bind(1, key.namespace)
    try insert.bind(2, key.handler)
    try write(insert)
    let select = try connection.cached(
      "SELECT number FROM queues WHERE namespace = ? AND handler = ?"
    )
    try select.bind(1, key.namespace)
    try select.bind(2, key.handler)
    defer { select.reset() }
    let number = try select.step() ? select.int64(0) : 0
    if queues.count >= 16_384 { queues = [:] }
    queues[key] = number
    return number
  }

  // MARK: Tasks and slots

  func insert(_ task: TaskRecord, _ slots: [SlotRow]) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let queue = try queue(task.template.value.queue)
      for row in slots { try insert(row, of: task, queue: queue) }
    }
    hot.keep(task)
  }

  private func insert(
    _ row: SlotRow,
    of task: TaskRecord,
    queue: Int64
  ) throws(SQLiteError) {
    let columns = SlotColumns(of: row, at: now)
    let number = nextSlotNumber()
    let isFirst = row.slot.id.shard == 0
    let insert =
      isFirst
      ? try connection.cached(
        """
        INSERT INTO slots
          (number, task, shard, place, queue, rank, delayed_until, deadline, body, history,
            template, origin, nominal_at, manual, created_at, param, missed, rerun_of)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
      )
      : try connection.cached(
        """
        INSERT INTO slots
          (number, task, shard, place, queue, rank, delayed_until, deadline, body, history)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
      )
    try insert.bind(1, number)
    try insert.bind(2, task.id.uuid)
    try insert.bind(3, row.slot.id.shard)
    try insert.bind(4, columns.place)
    try insert.bind(5, queue)
    try insert.bind(6, task.order)
    try insert.bind(7, columns.delayedUntil)
    try insert.bind(8, columns.deadline)
    try insert.bind(9, row.slot.bytes)
    try insert.bind(10, row.history.bytes)
    if isFirst { try bind(task, insert, at: 11) }
    try write(insert)
    hot.keep(row, columns, number: number)
  }

  /// What the first slot says of its task.
  private func bind(
    _ task: TaskRecord,
    _ insert: Statement,
    at index: Int
  ) throws(SQLiteError) {
    try insert.bind(index, task.template.number)
    try insert.bind(index + 1, task.template.value.trigger?.id.uuid)
    try insert.bind(index + 2, task.nominalAt)
    if task.isManual {
      try insert.bind(index + 3, task.id.uuid)
    } else {
      try insert.bind(index + 3, [] as [UInt8])
    }
    try insert.bind(index + 4, task.createdAt)
    try insert.bind(index + 5, task.ownParam)
    try insert.bind(index + 6, task.missed)
    try insert.bind(index + 7, task.rerunOf?.uuid)
  }

  func task(_ id: TaskID) throws(StoreError) -> TaskRecord? {
    if let task = hot[id] { return task }
    let select = try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT template, nominal_at, manual, created_at, param, missed, rerun_of
          FROM slots WHERE task = ? AND shard = 0
        """
      )
      try select.bind(1, id.uuid)
      return try select.step() ? select : nil
    }
    guard let select else { return nil }
    defer { select.reset() }
    let task = select.taskRecord(id, try template(select.int64(0)), from: 1)
    hot.keep(task)
    return task
  }

  func slot(_ id: SlotID) throws(StoreError) -> SlotRow? {
    if let found = hot[id] { return found.row }
    let select = try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT shard, body, history, result, deadline, place, delayed_until, number,
            template, nominal_at, manual, created_at, param, missed, rerun_of
          FROM slots WHERE task = ? AND shard = ?
        """
      )
      try select.bind(1, id.task.uuid)
      try select.bind(2, id.shard)
      return try select.step() ? select : nil
    }
    guard let select else { return nil }
    defer { select.reset() }
    let row = try keep(select, of: id.task)
    // Whoever moves a slot asks for its task next.
    if id.shard == 0, !row.slot.state.isFinal {
      hot.keep(select.taskRecord(id.task, try template(select.int64(8)), from: 9))
    }
    return row
  }

  func slots(of task: TaskID) throws(StoreError) -> [SlotRow] {
    try writeBack()
    let select = try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT shard, body, history, result, deadline, place, delayed_until, number
          FROM slots WHERE task = ? ORDER BY shard
        """
      )
      try select.bind(1, task.uuid)
      return select
    }
    defer { select.reset() }
    var rows: [SlotRow] = []
    while try translated({ () throws(SQLiteError) in try select.step() }) {
      rows.append(try keep(select, of: task))
    }
    return rows
  }

  private func keep(_ select: Statement, of task: TaskID) throws(StoreError) -> SlotRow {
    let row = try select.slotRow(of: task)
    let columns = SlotColumns(
      place: select.int(5),
      delayedUntil: select.optionalTime(6),
      deadline: row.deadline
    )
    hot.keep(row, columns, number: select.int64(7))
    return row
  }

  func update(_ row: SlotRow, of task: TaskRecord) throws(StoreError) {
    if !isCareful, hot.change(row) {
      writes += 1
    } else {
      try store(row, over: hot[row.slot.id])
    }
  }

  /// Stores the rows that have changed: at the end, and before slots are looked for in the database.
  func writeBack() throws(StoreError) {
    for changed in hot.takeUnwritten() { try store(changed.row, over: changed) }
  }

  private func store(_ row: SlotRow, over before: HotRows.HotSlot?) throws(StoreError) {
    let columns = SlotColumns(of: row, at: now)
    let number = try translated { () throws(SQLiteError) in
      let number = if let before { before.number } else { try rowNumber(of: row.slot.id) }
      if let before, columns == before.columns {
        try updateQuietly(row, number)
      } else if let before, columns.delayedUntil == before.columns.delayedUntil,
        columns.deadline == before.columns.deadline
      {
        try update(row, number, place: columns.place)
      } else {
        try update(row, number, columns)
      }
      return number
    }
    hot.keep(row, columns, number: number)
  }

  private func rowNumber(of slot: SlotID) throws(SQLiteError) -> Int64 {
    let select = try connection.cached("SELECT number FROM slots WHERE task = ? AND shard = ?")
    try select.bind(1, slot.task.uuid)
    try select.bind(2, slot.shard)
    defer { select.reset() }
    return try select.step() ? select.int64(0) : 0
  }

  /// Leaves all indexes as they are.
  private func updateQuietly(_ row: SlotRow, _ number: Int64) throws(SQLiteError) {
    let update = try connection.cached(
      "UPDATE slots SET body = ?, history = ?, result = ? WHERE number = ?"
    )
    try bindContent(row, update)
    try update.bind(4, number)
    try write(update)
  }

  private func update(_ row: SlotRow, _ number: Int64, place: Int) throws(SQLiteError) {
    let update = try connection.cached(
      """
      UPDATE slots SET body = ?, history = ?, result = ?, place = ?, ended_at = ?
        WHERE number = ?
      """
    )
    try bindContent(row, update)
    try update.bind(4, place)
    try update.bind(5, row.slot.state.isFinal ? now : nil)
    try update.bind(6, number)
    try write(update)
  }

  private func update(
    _ row: SlotRow,
    _ number: Int64,
    _ columns: SlotColumns
  ) throws(SQLiteError) {
    let update = try connection.cached(
      """
      UPDATE slots SET body = ?, history = ?, result = ?, place = ?, ended_at = ?,
        delayed_until = ?, deadline = ? WHERE number = ?
      """
    )
    try bindContent(row, update)
    try update.bind(4, columns.place)
    try update.bind(5, row.slot.state.isFinal ? now : nil)
    try update.bind(6, columns.delayedUntil)
    try update.bind(7, columns.deadline)
    try update.bind(8, number)
    try write(update)
  }

  private func bindContent(_ row: SlotRow, _ update: Statement) throws(SQLiteError) {
    try update.bind(1, row.slot.bytes)
    try update.bind(2, row.history.bytes)
    try update.bind(3, row.result)
  }
}
