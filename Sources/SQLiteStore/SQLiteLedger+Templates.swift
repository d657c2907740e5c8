import Engine
import PlatformSQLite
import Store

extension SQLiteLedger {
  func share(_ draft: TemplateDraft) throws(StoreError) -> SharedTemplate {
    if let found = templates.find(draft) { return found }
    let bytes = draft.value.bytes
    let number = try translated { () throws(SQLiteError) in try templateNumber(bytes) }
    let shared = SharedTemplate(number: number, value: draft.value)
    templates.insert(shared)
    return shared
  }

  func template(of trigger: Trigger) throws(StoreError) -> SharedTemplate {
    if let kept = triggers.template(of: trigger) { return kept }
    let shared = try share(TemplateDraft(trigger.template))
    triggers.keep(shared, of: trigger)
    return shared
  }

  private func templateNumber(_ bytes: [UInt8]) throws(SQLiteError) -> Int64 {
    let select = try connection.cached("SELECT number FROM templates WHERE body = ?")
    try select.bind(1, bytes)
    defer { select.reset() }
    if try select.step() { return select.int64(0) }
    let insert = try connection.cached("INSERT INTO templates (body) VALUES (?)")
    try insert.bind(1, bytes)
    try write(insert)
    return connection.lastInsertRowID
  }

  func template(_ number: Int64) throws(StoreError) -> SharedTemplate {
    if let found = templates[number] { return found }
    let shared = try Queries.template(number, on: connection)
    guard let shared else { throw .damaged("the template \(number)") }
    templates.insert(shared)
    return shared
  }

  /// The number of a template's queue.
  func queue(_ template: SharedTemplate) throws(SQLiteError) -> Int64 {
    if let number = queues[template.number] { return number }
    let number = try queueNumber(template.value.queue)
    if queues.count >= 16_384 { queues = [:] }
    queues[template.number] = number
    return number
  }

  private func queueNumber(_ key: QueueKey) throws(SQLiteError) -> Int64 {
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
    return try select.step() ? select.int64(0) : 0
  }
}
