import Engine
import PlatformSQLite
import Store

extension SQLiteLedger {
  func trigger(_ id: TriggerID) throws(StoreError) -> Trigger? {
    if let trigger = triggers[id] { return trigger }
    guard let (read, number) = try Queries.triggerWithTemplate(id, on: connection) else {
      return nil
    }
    let trigger = upToDate(read)
    triggers.keep(trigger)
    if let number { triggers.keep(try template(number), of: trigger) }
    return trigger
  }

  func trigger(namespace: String, name: String) throws(StoreError) -> Trigger? {
    try Queries.trigger(namespace: namespace, name: name, on: connection).map(upToDate)
  }

  /// What was read, with the state that its row may lack.
  private func upToDate(_ read: Trigger) -> Trigger {
    var trigger = read
    if let state = liveTriggers[read.id] { trigger.state = state }
    return trigger
  }

  func insert(_ trigger: Trigger) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let insert = try connection.cached(
        """
        INSERT INTO triggers
          (id, namespace, name, revision, created_at, updated_at, online, next_at, state, definition,
            due_hour)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
      )
      try insert.bind(1, trigger.id.uuid)
      try insert.bind(2, trigger.namespace)
      try insert.bind(3, trigger.name)
      try insert.bind(4, trigger.revision)
      try insert.bind(5, trigger.createdAt)
      try insert.bind(6, trigger.updatedAt)
      try insert.bind(7, trigger.state.isOnline)
      try insert.bind(8, trigger.state.nextFireAt)
      try insert.bind(9, trigger.state.bytes)
      try insert.bind(10, trigger.definition.bytes)
      try insert.bind(11, trigger.state.nextFireAt?.hour)
      try write(insert)
    }
    triggers.keep(trigger)
  }

  /// Firing changes no more than the state; an edit is stored at once, and its state is in the page all
  /// the same, after those of earlier fires.
  func update(_ trigger: Trigger) throws(StoreError) {
    writes += 1
    if let known = triggers[trigger.id], known.revision == trigger.revision {
      liveTriggers.change(trigger.id, to: trigger.state, before: known.state)
    } else {
      try translated { () throws(SQLiteError) in try updateAll(of: trigger) }
      liveTriggers.edit(trigger.id, to: trigger.state)
    }
    triggers.keep(trigger)
  }

  /// Remembers that a task belongs to a trigger, once for all of its shards.
  func noteFire(of task: TaskRecord, shard: Int) throws(StoreError) {
    guard shard == 0, let origin = task.template.value.trigger else { return }
    let fire = FireRow(
      nominalAt: task.nominalAt,
      number: task.id.uuid.ordinal,
      isManual: task.isManual
    )
    liveTriggers.add(fire, of: origin.id, state: try trigger(origin.id)?.state)
  }

  /// Brings the rows of a trigger up to date with what its fires made of it.
  func store(_ entry: LiveTriggers.Ahead) throws(SQLiteError) {
    if let state = entry.state { try store(state, of: entry) }
    for fire in entry.fires {
      let insert = try connection.cached(
        "INSERT OR IGNORE INTO fires (origin, nominal_at, number, manual) VALUES (?, ?, ?, ?)"
      )
      try insert.bind(1, entry.trigger.uuid)
      try insert.bind(2, fire.nominalAt)
      try insert.bind(3, fire.number)
      try insert.bind(4, fire.isManual)
      try write(insert)
    }
  }

  private func store(
    _ state: Trigger.State,
    of entry: LiveTriggers.Ahead
  ) throws(SQLiteError) {
    let update =
      entry.isHourStored
      ? try connection.cached(
        """
        UPDATE triggers SET state = ?1, next_at = ?2, template = coalesce(?3, template)
          WHERE id = ?4
        """
      )
      : try connection.cached(
        """
        UPDATE triggers SET state = ?1, next_at = ?2, template = coalesce(?3, template),
          due_hour = ?5 WHERE id = ?4
        """
      )
    try update.bind(1, state.bytes)
    try update.bind(2, state.nextFireAt)
    let template = triggers[entry.trigger].flatMap { triggers.template(of: $0) }
    try update.bind(3, template?.number)
    try update.bind(4, entry.trigger.uuid)
    if !entry.isHourStored { try update.bind(5, state.nextFireAt?.hour) }
    try write(update)
  }

  private func updateAll(of trigger: Trigger) throws(SQLiteError) {
    let update = try connection.cached(
      """
      UPDATE triggers SET revision = ?, updated_at = ?, online = ?, next_at = ?, state = ?,
        definition = ?, due_hour = ?, template = NULL WHERE id = ?
      """
    )
    try update.bind(1, trigger.revision)
    try update.bind(2, trigger.updatedAt)
    try update.bind(3, trigger.state.isOnline)
    try update.bind(4, trigger.state.nextFireAt)
    try update.bind(5, trigger.state.bytes)
    try update.bind(6, trigger.definition.bytes)
    try update.bind(7, trigger.state.nextFireAt?.hour)
    try update.bind(8, trigger.id.uuid)
    try write(update)
  }

  func delete(_ trigger: Trigger) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let delete = try connection.cached("DELETE FROM triggers WHERE id = ?")
      try delete.bind(1, trigger.id.uuid)
      try write(delete)
    }
    triggers.remove(trigger.id)
    guard var state = liveTriggers[trigger.id] else { return }
    state.nextFireAt = nil  // It is not due any more.
    liveTriggers.change(trigger.id, to: state, before: nil)
  }

  func liveTasks(of trigger: TriggerID) throws(StoreError) -> [TaskID] {
    try settle()
    return try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT first.task FROM fires JOIN slots first ON first.number = fires.number
          WHERE fires.origin = ? AND EXISTS
            (SELECT 1 FROM slots s
              WHERE s.number >= first.number AND s.number < first.number + first.shards
                AND s.place < 3)
          ORDER BY first.number
        """
      )
      try select.bind(1, trigger.uuid)
      defer { select.reset() }
      var tasks: [TaskID] = []
      while try select.step() {
        if let id = select.uuid(0) { tasks.append(TaskID(id)) }
      }
      return tasks
    }
  }

  func heldTasks(after cursor: TaskID?, limit: Int) throws(StoreError) -> [TaskID] {
    try settle()
    return try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT DISTINCT task FROM slots WHERE place IN (1, 2) AND place = 2 AND task > ?
          ORDER BY task LIMIT ?
        """
      )
      try select.bind(1, cursor?.uuid ?? .zero)
      try select.bind(2, limit)
      defer { select.reset() }
      var tasks: [TaskID] = []
      while try select.step() {
        if let id = select.uuid(0) { tasks.append(TaskID(id)) }
      }
      return tasks
    }
  }

  func hasTask(_ trigger: TriggerID, nominalAt: Timestamp) throws(StoreError) -> Bool {
    if liveTriggers.hasFire(trigger, nominalAt: nominalAt) { return true }
    return try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        "SELECT 1 FROM fires WHERE origin = ? AND nominal_at = ? AND manual = 0"
      )
      try select.bind(1, trigger.uuid)
      try select.bind(2, nominalAt)
      defer { select.reset() }
      return try select.step()
    }
  }

  func insert(_ skip: Skip) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let insert = try connection.cached(
        """
        INSERT INTO skips (origin, from_at, through_at, count, reason, recorded_at)
          VALUES (?, ?, ?, ?, ?, ?)
        """
      )
      try insert.bind(1, skip.trigger.uuid)
      try insert.bind(2, skip.from)
      try insert.bind(3, skip.through)
      try insert.bind(4, skip.count)
      try insert.bind(5, skip.reason.rawValue)
      try insert.bind(6, skip.recordedAt)
      try write(insert)
    }
  }
}
