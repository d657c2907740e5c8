import Engine
import PlatformSQLite
import Store

extension SQLiteLedger {
  func trigger(_ id: TriggerID) throws(StoreError) -> Trigger? {
    if let trigger = triggers[id] { return trigger }
    let trigger = try Queries.trigger(id, on: connection)
    if let trigger { triggers[id] = trigger }
    return trigger
  }

  func trigger(namespace: String, name: String) throws(StoreError) -> Trigger? {
    try Queries.trigger(namespace: namespace, name: name, on: connection)
  }

  func insert(_ trigger: Trigger) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let insert = try connection.cached(
        """
        INSERT INTO triggers
          (id, namespace, name, revision, created_at, updated_at, online, next_at, state, definition)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
      try write(insert)
    }
    triggers[trigger.id] = trigger
  }

  func update(_ trigger: Trigger) throws(StoreError) {
    let before = triggers[trigger.id]
    try translated { () throws(SQLiteError) in
      if before?.revision == trigger.revision {
        try updateState(of: trigger, moves: before?.state.nextFireAt != trigger.state.nextFireAt)
      } else {
        try updateAll(of: trigger)
      }
    }
    triggers[trigger.id] = trigger
  }

  /// Firing changes no more than the state; `moves` says whether its next fire is another.
  private func updateState(of trigger: Trigger, moves: Bool) throws(SQLiteError) {
    let update =
      moves
      ? try connection.cached("UPDATE triggers SET state = ?, next_at = ? WHERE id = ?")
      : try connection.cached("UPDATE triggers SET state = ? WHERE id = ?")
    try update.bind(1, trigger.state.bytes)
    if moves { try update.bind(2, trigger.state.nextFireAt) }
    try update.bind(moves ? 3 : 2, trigger.id.uuid)
    try write(update)
  }

  private func updateAll(of trigger: Trigger) throws(SQLiteError) {
    let update = try connection.cached(
      """
      UPDATE triggers SET revision = ?, updated_at = ?, online = ?, next_at = ?, state = ?,
        definition = ? WHERE id = ?
      """
    )
    try update.bind(1, trigger.revision)
    try update.bind(2, trigger.updatedAt)
    try update.bind(3, trigger.state.isOnline)
    try update.bind(4, trigger.state.nextFireAt)
    try update.bind(5, trigger.state.bytes)
    try update.bind(6, trigger.definition.bytes)
    try update.bind(7, trigger.id.uuid)
    try write(update)
  }

  func delete(_ trigger: Trigger) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let delete = try connection.cached("DELETE FROM triggers WHERE id = ?")
      try delete.bind(1, trigger.id.uuid)
      try write(delete)
    }
    triggers[trigger.id] = nil
  }

  func liveTasks(of trigger: TriggerID) throws(StoreError) -> [TaskID] {
    try settle()
    return try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT first.task FROM slots first WHERE first.origin = ? AND EXISTS
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
    if live.hasFire(trigger, nominalAt: nominalAt) { return true }
    return try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        "SELECT 1 FROM slots WHERE origin = ? AND nominal_at = ? AND manual = x''"
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
