import PlatformSQLite
import Store

/// One numbered step of the schema. Steps only ever go forward, and one that was released stays as
/// it is.
struct Migration {
  let number: Int
  let script: String

  /// All steps, by number. Those before the first of them were never released.
  static let all = [Migration(number: 3, script: firstSchema)]

  /// Brings the database up to date; refuses one that a newer version wrote.
  static func run(on connection: borrowing Connection, at now: Int64) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      try connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, at INTEGER NOT NULL)"
      )
    }
    let found = try translated { () throws(SQLiteError) in
      try connection.text(of: "SELECT max(number) FROM migrations").flatMap { Int($0) } ?? 0
    }
    let newest = all.last?.number ?? 0
    guard found <= newest else {
      throw StoreError(
        .locked,
        "a newer version wrote this database: its schema is \(found), this one knows \(newest)"
      )
    }
    guard found == 0 || found >= all[0].number else {
      throw StoreError(
        .locked,
        "an unreleased version wrote this database; begin with an empty one"
      )
    }
    for migration in all where migration.number > found {
      try migration.run(on: connection, at: now)
    }
  }

  private func run(on connection: borrowing Connection, at now: Int64) throws(StoreError) {
    try translated { () throws(SQLiteError) in
      try connection.begin()
      do throws(SQLiteError) {
        try connection.execute(script)
        let record = try connection.prepare("INSERT INTO migrations (number, at) VALUES (?, ?)")
        try record.bind(1, number)
        try record.bind(2, now)
        try record.run()
        try connection.commit()
      } catch {
        try? connection.rollback()
        throw error
      }
    }
  }
}

/// Times are microseconds since 1970, identifiers 16 bytes, most significant first.
///
/// `slots.place` says which index a slot is in: 0 in line, 1 in hand, 2 held, and 3, 4 and 5 for the
/// final states. A slot moves through each index once, so that history never slows what is live.
///
/// A row of a slot may be behind: the pages of the journal after `settled` have what is missing. A page
/// without sequences has no moves, only what was noted beside them.
///
/// The tasks of a trigger are in `fires`, by the number of their first slot. An index of `slots` would do,
/// and each fire would add to it at a place of its own; so the fires of a while are added together, in
/// the order of triggers, and along with them goes what they made of the triggers. For the same reason
/// triggers have an index of the hour of the next fire only.
///
/// The number of a task's first slot is the ordinal of the task's identifier; those of its other shards
/// follow. The first has the columns from `template` on, which say what the task is; in the others they
/// are `NULL`.
private let firstSchema = """
  CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY
  ) WITHOUT ROWID;

  CREATE TABLE namespaces (
    name TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE queues (
    number INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    handler TEXT NOT NULL,
    UNIQUE (namespace, handler)
  );

  CREATE TABLE templates (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    body BLOB NOT NULL UNIQUE
  );

  CREATE TABLE slots (
    number INTEGER PRIMARY KEY,
    task BLOB NOT NULL,
    shard INTEGER NOT NULL,
    place INTEGER NOT NULL,
    queue INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    delayed_until INTEGER,
    deadline INTEGER,
    ended_at INTEGER,
    body BLOB NOT NULL,
    history BLOB NOT NULL,
    result BLOB,
    template INTEGER,
    nominal_at INTEGER,
    manual INTEGER,
    created_at INTEGER,
    param BLOB,
    missed INTEGER,
    rerun_of BLOB,
    shards INTEGER
  );
  CREATE INDEX slots_in_line ON slots (queue, rank) WHERE place = 0;
  CREATE INDEX slots_aside ON slots (place) WHERE place IN (1, 2);
  CREATE INDEX slots_ended_badly ON slots (place) WHERE place >= 4;
  CREATE INDEX slots_delayed ON slots (delayed_until) WHERE delayed_until IS NOT NULL;
  CREATE INDEX slots_by_deadline ON slots (deadline) WHERE deadline IS NOT NULL;

  CREATE TABLE triggers (
    id BLOB PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    online INTEGER NOT NULL,
    due_hour INTEGER,
    next_at INTEGER,
    state BLOB NOT NULL,
    definition BLOB NOT NULL,
    template INTEGER
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX triggers_by_name ON triggers (namespace, name);
  CREATE INDEX triggers_due ON triggers (due_hour) WHERE due_hour IS NOT NULL;

  CREATE TABLE fires (
    origin BLOB NOT NULL,
    nominal_at INTEGER NOT NULL,
    number INTEGER NOT NULL,
    manual INTEGER NOT NULL,
    PRIMARY KEY (origin, nominal_at, number)
  ) WITHOUT ROWID;

  CREATE TABLE skips (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    origin BLOB NOT NULL,
    from_at INTEGER NOT NULL,
    through_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    reason TEXT NOT NULL,
    recorded_at INTEGER NOT NULL
  );
  CREATE INDEX skips_by_fire ON skips (origin, from_at, number);

  CREATE TABLE journal (
    page INTEGER PRIMARY KEY,
    first_sequence INTEGER,
    last_sequence INTEGER,
    at INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    entries BLOB NOT NULL
  );

  CREATE TABLE requests (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    body BLOB NOT NULL,
    subject BLOB NOT NULL,
    PRIMARY KEY (namespace, key)
  ) WITHOUT ROWID;
  CREATE INDEX requests_by_age ON requests (at);

  CREATE TABLE log_lines (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    task BLOB NOT NULL,
    shard INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    at INTEGER NOT NULL,
    level TEXT NOT NULL,
    message TEXT NOT NULL,
    metadata TEXT NOT NULL
  );
  CREATE INDEX log_lines_by_task ON log_lines (task, number);
  CREATE TABLE log_sizes (
    task BLOB NOT NULL,
    shard INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    dropped_line INTEGER,
    PRIMARY KEY (task, shard, epoch)
  ) WITHOUT ROWID;
  """
