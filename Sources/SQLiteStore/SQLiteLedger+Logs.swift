import Engine
import PlatformSQLite
import Store

extension SQLiteLedger {
  func append(_ lines: [LogLine]) throws(StoreError) {
    var sizes: [RunID: RunLogSize] = [:]
    for line in lines {
      let line = line.shortened
      var known = sizes[line.run]
      if known == nil { known = try logSize(of: line.run) }
      guard var size = known else { continue }  // The task is gone.
      if size.bytes + line.size > LogLine.bound {
        try translated { () throws(SQLiteError) in try drop(line, &size) }
      } else {
        size.bytes += line.size
        _ = try insert(line)
      }
      sizes[line.run] = size
    }
    for (run, size) in sizes {
      try translated { () throws(SQLiteError) in try save(size, of: run) }
    }
  }

  /// What one run has logged so far.
  private struct RunLogSize {
    var bytes = 0
    var dropped = 0
    /// The number of the line that tells how many were dropped.
    var droppedLine: Int64?
  }

  /// `nil` when there is no such task.
  private func logSize(of run: RunID) throws(StoreError) -> RunLogSize? {
    guard try task(run.slot.task) != nil else { return nil }
    return try translated { () throws(SQLiteError) in
      let select = try connection.cached(
        """
        SELECT bytes, dropped, dropped_line FROM log_sizes
          WHERE task = ? AND shard = ? AND epoch = ?
        """
      )
      try bind(run, select, at: 1)
      defer { select.reset() }
      guard try select.step() else { return RunLogSize() }
      return RunLogSize(
        bytes: select.int(0),
        dropped: select.int(1),
        droppedLine: select.optionalInt64(2)
      )
    }
  }

  private func save(_ size: RunLogSize, of run: RunID) throws(SQLiteError) {
    let insert = try connection.cached(
      """
      INSERT OR REPLACE INTO log_sizes (task, shard, epoch, bytes, dropped, dropped_line)
        VALUES (?, ?, ?, ?, ?, ?)
      """
    )
    try bind(run, insert, at: 1)
    try insert.bind(4, size.bytes)
    try insert.bind(5, size.dropped)
    try insert.bind(6, size.droppedLine)
    try write(insert)
  }

  private func insert(_ line: LogLine) throws(StoreError) -> Int64 {
    let metadata = try LogMetadata.write(line.metadata)
    return try translated { () throws(SQLiteError) in
      let insert = try connection.cached(
        """
        INSERT INTO log_lines (task, shard, epoch, at, level, message, metadata)
          VALUES (?, ?, ?, ?, ?, ?, ?)
        """
      )
      try bind(line.run, insert, at: 1)
      try insert.bind(4, line.at)
      try insert.bind(5, line.level)
      try insert.bind(6, line.message)
      try insert.bind(7, metadata)
      try write(insert)
      return connection.lastInsertRowID
    }
  }

  /// Counts a line instead of keeping it; the run's last line tells how many.
  private func drop(_ line: LogLine, _ size: inout RunLogSize) throws(SQLiteError) {
    size.bytes = LogLine.bound
    size.dropped += 1
    let notice = LogLine.dropped(size.dropped, of: line.run, at: line.at)
    if let number = size.droppedLine {
      let update = try connection.cached(
        "UPDATE log_lines SET message = ?, at = ? WHERE number = ?"
      )
      try update.bind(1, notice.message)
      try update.bind(2, notice.at)
      try update.bind(3, number)
      try write(update)
    } else {
      let insert = try connection.cached(
        """
        INSERT INTO log_lines (task, shard, epoch, at, level, message, metadata)
          VALUES (?, ?, ?, ?, ?, ?, '{}')
        """
      )
      try bind(notice.run, insert, at: 1)
      try insert.bind(4, notice.at)
      try insert.bind(5, notice.level)
      try insert.bind(6, notice.message)
      try write(insert)
      size.droppedLine = connection.lastInsertRowID
    }
  }

  private func bind(_ run: RunID, _ statement: Statement, at index: Int) throws(SQLiteError) {
    try statement.bind(index, run.slot.task.uuid)
    try statement.bind(index + 1, run.slot.shard)
    try statement.bind(index + 2, Int64(bitPattern: run.epoch.value))
  }
}
