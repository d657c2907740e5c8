import Engine
import PlatformSQLite
import Store

/// Single rows, as both the writer and the readers look them up.
enum Queries {
  static func template(
    _ number: Int64,
    on connection: borrowing Connection
  ) throws(StoreError) -> SharedTemplate? {
    let bytes = try translated { () throws(SQLiteError) in
      let select = try connection.cached("SELECT body FROM templates WHERE number = ?")
      try select.bind(1, number)
      defer { select.reset() }
      return try select.step() ? select.blob(0) : nil
    }
    guard let bytes else { return nil }
    guard let template = TaskTemplate(bytes: bytes) else {
      throw .damaged("the template \(number)")
    }
    return SharedTemplate(number: number, value: template)
  }

  /// With it the number of the template that its tasks have, if one was noted since the last edit.
  static func triggerWithTemplate(
    _ id: TriggerID,
    on connection: borrowing Connection
  ) throws(StoreError) -> (trigger: Trigger, template: Int64?)? {
    let select = try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT id, namespace, name, revision, created_at, updated_at, state, definition, template
          FROM triggers WHERE id = ?
        """
      )
      try select.bind(1, id.uuid)
      return select
    }
    return try first(select) { row throws(StoreError) in
      (try row.trigger(), row.optionalInt64(8))
    }
  }

  static func trigger(
    namespace: String,
    name: String,
    on connection: borrowing Connection
  ) throws(StoreError) -> Trigger? {
    let select = try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT id, namespace, name, revision, created_at, updated_at, state, definition
          FROM triggers WHERE namespace = ? AND name = ?
        """
      )
      try select.bind(1, namespace)
      try select.bind(2, name)
      return select
    }
    return try first(select) { row throws(StoreError) in try row.trigger() }
  }

  static func namespace(
    _ name: String,
    on connection: borrowing Connection
  ) throws(StoreError) -> Namespace? {
    let select = try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        "SELECT name, description, revision, created_at FROM namespaces WHERE name = ?"
      )
      try select.bind(1, name)
      return select
    }
    return try first(select) { $0.namespace() }
  }

  // MARK: Running a bound statement

  static func first<Row>(
    _ select: Statement,
    _ row: (Statement) throws(StoreError) -> Row
  ) throws(StoreError) -> Row? {
    defer { select.reset() }
    guard try step(select) else { return nil }
    return try row(select)
  }

  static func all<Row>(
    _ select: Statement,
    _ row: (Statement) throws(StoreError) -> Row
  ) throws(StoreError) -> [Row] {
    defer { select.reset() }
    var rows: [Row] = []
    while try step(select) { rows.append(try row(select)) }
    return rows
  }

  static func step(_ select: Statement) throws(StoreError) -> Bool {
    try translated { () throws(SQLiteError) in try select.step() }
  }
}
