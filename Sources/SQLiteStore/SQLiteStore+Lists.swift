package import Engine
import PlatformSQLite
package import Store

extension SQLiteStore {
  package func namespaces(
    _ page: PageRequest
  ) async throws(StoreError) -> Page<Namespace> {
    try await readers.read { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT name, description, revision, created_at FROM namespaces
          WHERE name > ? ORDER BY name LIMIT ?
        """
      ) { select throws(SQLiteError) in
        try select.bind(1, Cursor.text(page.cursor) ?? "")
        try select.bind(2, page.boundedLimit + 1)
      }
      let rest = try Queries.all(select) { $0.namespace() }
      return Page(rest, of: page) { Array($0.name.utf8) }
    }
  }

  package func namespace(_ name: String) async throws(StoreError) -> Namespace? {
    try await readers.read { session throws(StoreError) in
      try Queries.namespace(name, on: session.connection)
    }
  }

  package func triggers(
    namespace: String,
    _ page: PageRequest
  ) async throws(StoreError) -> Page<Trigger> {
    try await readSettled { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT id, namespace, name, revision, created_at, updated_at, state, definition
          FROM triggers WHERE namespace = ? AND name > ? ORDER BY name LIMIT ?
        """
      ) { select throws(SQLiteError) in
        try select.bind(1, namespace)
        try select.bind(2, Cursor.text(page.cursor) ?? "")
        try select.bind(3, page.boundedLimit + 1)
      }
      let rest = try Queries.all(select) { row throws(StoreError) in try row.trigger() }
      return Page(rest, of: page) { Array($0.name.utf8) }
    }
  }

  package func trigger(
    namespace: String,
    name: String
  ) async throws(StoreError) -> Trigger? {
    guard writer.hasUnsettled else {
      return try await readers.read { session throws(StoreError) in
        try Queries.trigger(namespace: namespace, name: name, on: session.connection)
      }
    }
    return try await look { ledger throws(StoreError) in
      try ledger.trigger(namespace: namespace, name: name)
    }
  }

  package func task(_ id: TaskID) async throws(StoreError) -> TaskDetail? {
    guard writer.hasUnsettled else {
      return try await readers.read { session throws(StoreError) in try session.detail(id) }
    }
    return try await look { ledger throws(StoreError) in try ledger.detail(id) }
  }

  // MARK: Fires

  package func fires(
    of trigger: TriggerID,
    _ page: PageRequest
  ) async throws(StoreError) -> Page<Fire> {
    let before = try FirePlace(cursor: page.cursor) ?? .last
    return try await readSettled { session throws(StoreError) in
      let tasks = try session.firedTasks(of: trigger, before: before, limit: page.boundedLimit + 1)
      let skips = try session.skips(of: trigger, before: before, limit: page.boundedLimit + 1)
      let fires = (tasks + skips).sorted { $0.place > $1.place }
      let places = Page(fires, of: page) { $0.place.cursor }
      return Page(elements: places.elements.map(\.fire), next: places.next)
    }
  }

  // MARK: Logs

  package func log(
    of task: TaskID,
    _ page: PageRequest
  ) async throws(StoreError) -> Page<LogLine> {
    let after = try Cursor.number(page.cursor) ?? 0
    return try await readers.read { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT number, shard, epoch, at, level, message, metadata FROM log_lines
          WHERE task = ? AND number > ? ORDER BY number LIMIT ?
        """
      ) { select throws(SQLiteError) in
        try select.bind(1, task.uuid)
        try select.bind(2, after)
        try select.bind(3, page.boundedLimit + 1)
      }
      let rest = try Queries.all(select) { row in (row.int64(0), row.logLine(of: task)) }
      let numbered = Page(rest, of: page) { Cursor.bytes($0.0) }
      return Page(elements: numbered.elements.map(\.1), next: numbered.next)
    }
  }

  // MARK: Changes

  package func changes(
    after sequence: Int64,
    limit: Int
  ) async throws(StoreError) -> [JournalEntry] {
    try await readers.read { session throws(StoreError) in
      let first = try session.firstPage(beyond: sequence)
      let select = try session.prepare(
        "SELECT entries FROM journal WHERE page >= ? AND last_sequence IS NOT NULL ORDER BY page"
      ) { select throws(SQLiteError) in try select.bind(1, first) }
      defer { select.reset() }
      var entries: [JournalEntry] = []
      while entries.count < limit, try Queries.step(select) {
        let page = try CommitPage.moves(in: select.blob(0) ?? []) { number throws(StoreError) in
          try session.template(number)
        }
        entries += page.lazy.filter { $0.sequence > sequence }.prefix(limit - entries.count)
      }
      return entries
    }
  }

  package func journalRange() async throws(StoreError) -> ClosedRange<Int64>? {
    try await readers.read { session throws(StoreError) in
      let select = try session.prepare(
        """
        SELECT
          (SELECT first_sequence FROM journal WHERE first_sequence IS NOT NULL
            ORDER BY page LIMIT 1),
          (SELECT last_sequence FROM journal WHERE last_sequence IS NOT NULL
            ORDER BY page DESC LIMIT 1)
        """
      )
      return try Queries.first(select) { row in
        row.isNull(0) ? nil : row.int64(0)...row.int64(1)
      } ?? nil
    }
  }
}

/// One row of a trigger's ledger, and where it stands in it.
struct PlacedFire {
  let place: FirePlace
  let fire: Fire
}

extension FirePlace {
  /// After all others.
  static let last = FirePlace(
    at: Timestamp(microseconds: .max),
    id: UUIDv7(high: .max, low: .max)
  )
}

extension ReadSession {
  /// The first page of the journal that has moves beyond a sequence: sequences rise with pages.
  fileprivate func firstPage(beyond sequence: Int64) throws(StoreError) -> Int64 {
    let bounds = try prepare("SELECT min(page), max(page) + 1 FROM journal") { _ in }
    var range =
      try Queries.first(bounds) { $0.isNull(0) ? 0..<0 : $0.int64(0)..<$0.int64(1) } ?? 0..<0
    while !range.isEmpty {
      let middle = (range.lowerBound + range.upperBound) / 2
      let next = try prepare(
        """
        SELECT page, last_sequence FROM journal WHERE page >= ? AND last_sequence IS NOT NULL
          ORDER BY page LIMIT 1
        """
      ) { next throws(SQLiteError) in try next.bind(1, middle) }
      let found = try Queries.first(next) { (page: $0.int64(0), last: $0.int64(1)) }
      if let found, found.last <= sequence, found.page < range.upperBound {
        range = (found.page + 1)..<range.upperBound
      } else {
        range = range.lowerBound..<middle
      }
    }
    return range.lowerBound
  }

  func firedTasks(
    of trigger: TriggerID,
    before place: FirePlace,
    limit: Int
  ) throws(StoreError) -> [PlacedFire] {
    let select = try prepare(
      """
      SELECT fires.nominal_at, slots.task FROM fires JOIN slots ON slots.number = fires.number
        WHERE origin = ?1 AND fires.nominal_at <= ?2
          AND (fires.nominal_at < ?2 OR fires.number < ?3)
        ORDER BY fires.nominal_at DESC, fires.number DESC LIMIT ?4
      """
    ) { select throws(SQLiteError) in
      try select.bind(1, trigger.uuid)
      try select.bind(2, place.at)
      // A skip stands before all tasks of its instant.
      try select.bind(3, place.id.high == 0 ? 0 : place.id.ordinal)
      try select.bind(4, limit)
    }
    return try Queries.all(select) { row throws(StoreError) in
      guard let id = row.uuid(1), let detail = try detail(TaskID(id)) else {
        throw .damaged("a task")
      }
      return PlacedFire(place: FirePlace(at: row.time(0), id: id), fire: .task(detail))
    }
  }

  func skips(
    of trigger: TriggerID,
    before place: FirePlace,
    limit: Int
  ) throws(StoreError) -> [PlacedFire] {
    let select = try prepare(
      """
      SELECT number, from_at, through_at, count, reason, recorded_at FROM skips
        WHERE origin = ?1 AND from_at <= ?2 AND (from_at < ?2 OR (?3 = 0 AND number < ?4) OR ?3 = 1)
        ORDER BY from_at DESC, number DESC LIMIT ?5
      """
    ) { select throws(SQLiteError) in
      try select.bind(1, trigger.uuid)
      try select.bind(2, place.at)
      try select.bind(3, place.id.high != 0)  // A task stands after all skips of its instant.
      try select.bind(4, Int64(clamping: place.id.low))
      try select.bind(5, limit)
    }
    return try Queries.all(select) { row throws(StoreError) in
      guard let reason = row.text(4).flatMap(Skip.Reason.init(rawValue:)) else {
        throw .damaged("a skipped fire")
      }
      let skip = Skip(
        trigger: trigger,
        from: row.time(1),
        through: row.time(2),
        count: row.int(3),
        reason: reason,
        recordedAt: row.time(5)
      )
      let id = UUIDv7(high: 0, low: UInt64(clamping: row.int64(0)))
      return PlacedFire(place: FirePlace(at: skip.from, id: id), fire: .skip(skip))
    }
  }
}

extension Statement {
  /// Columns: number, shard, epoch, at, level, message, metadata.
  fileprivate func logLine(of task: TaskID) -> LogLine {
    let slot = SlotID(task: task, shard: int(1))
    return LogLine(
      run: RunID(slot: slot, epoch: Epoch(UInt64(bitPattern: int64(2)))),
      at: time(3),
      level: text(4) ?? "",
      message: text(5) ?? "",
      metadata: LogMetadata.read(text(6) ?? "{}")
    )
  }
}
