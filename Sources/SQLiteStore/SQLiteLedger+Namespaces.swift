import Engine
import PlatformSQLite
import Store

extension SQLiteLedger {
  func namespace(_ name: String) throws(StoreError) -> Namespace? {
    if let namespace = namespaces[name] { return namespace }
    let namespace = try Queries.namespace(name, on: connection)
    if namespaces.count >= 4096 { namespaces = [:] }
    if let namespace { namespaces[name] = namespace }
    return namespace
  }

  func insert(_ namespace: Namespace) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let insert = try connection.cached(
        "INSERT INTO namespaces (name, description, revision, created_at) VALUES (?, ?, ?, ?)"
      )
      try insert.bind(1, namespace.name)
      try insert.bind(2, namespace.description)
      try insert.bind(3, namespace.revision)
      try insert.bind(4, namespace.createdAt)
      try write(insert)
    }
    namespaces[namespace.name] = namespace
  }

  func update(_ namespace: Namespace) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let update = try connection.cached(
        "UPDATE namespaces SET description = ?, revision = ? WHERE name = ?"
      )
      try update.bind(1, namespace.description)
      try update.bind(2, namespace.revision)
      try update.bind(3, namespace.name)
      try write(update)
    }
    namespaces[namespace.name] = namespace
  }

  func delete(_ namespace: Namespace) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let delete = try connection.cached("DELETE FROM namespaces WHERE name = ?")
      try delete.bind(1, namespace.name)
      try write(delete)
    }
    namespaces[namespace.name] = nil
  }

  func isInUse(_ namespace: String) throws(StoreError) -> Bool {
    try settle()
    return try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT EXISTS (SELECT 1 FROM triggers WHERE namespace = ?1)
          OR EXISTS (SELECT 1 FROM queues q JOIN slots s ON s.queue = q.number
            WHERE q.namespace = ?1 AND s.place = 0)
          OR EXISTS (SELECT 1 FROM slots s JOIN queues q ON s.queue = q.number
            WHERE q.namespace = ?1 AND s.place IN (1, 2))
        """
      )
      try select.bind(1, namespace)
      defer { select.reset() }
      return try select.step() && select.bool(0)
    }
  }

  // MARK: Requests that were answered

  func remembered(_ key: String, in namespace: String) throws(StoreError) -> Remembered? {
    try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        "SELECT body, subject FROM requests WHERE namespace = ? AND key = ? AND at > ?"
      )
      try select.bind(1, namespace)
      try select.bind(2, key)
      try select.bind(3, now - IdempotencyKey.lifetime)
      defer { select.reset() }
      guard try select.step(), let subject = select.uuid(1) else { return nil }
      return Remembered(body: select.blob(0) ?? [], subject: subject)
    }
  }

  func remember(
    _ answer: Remembered,
    as key: String,
    in namespace: String
  ) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      let insert = try connection.cached(
        "INSERT OR REPLACE INTO requests (namespace, key, at, body, subject) VALUES (?, ?, ?, ?, ?)"
      )
      try insert.bind(1, namespace)
      try insert.bind(2, key)
      try insert.bind(3, now)
      try insert.bind(4, answer.body)
      try insert.bind(5, answer.subject)
      try write(insert)
      try forgetOldRequests()
    }
  }

  /// Two go for each that comes, so that they never pile up.
  private func forgetOldRequests() throws(SQLiteError) {
    let delete = try connection.cached(
      """
      DELETE FROM requests WHERE (namespace, key) IN
        (SELECT namespace, key FROM requests WHERE at <= ? ORDER BY at LIMIT 2)
      """
    )
    try delete.bind(1, now - IdempotencyKey.lifetime)
    try write(delete)
  }
}
