/// One row of a trigger's ledger: a fire that became a task, or a stretch of fires that did not.
public struct FireInfo: Codable, Sendable, Hashable {
  /// The nominal time; the first of a stretch.
  public var at: String
  /// The last nominal time of a stretch.
  public var through: String?
  /// How many fires the row stands for.
  public var count: Int
  /// `task`, or why there is none: `misfire`, `overlap`, `offline`.
  public var outcome: String
  public var task: String?
  public var taskState: String?
  public var isManual: Bool?
  /// How late the task was created; negative never.
  public var lateness: String?
  public var recordedAt: String

  package init(at: String, count: Int, outcome: String, recordedAt: String) {
    self.at = at
    self.count = count
    self.outcome = outcome
    self.recordedAt = recordedAt
  }
}

/// Asks when an expression would fire; nothing is stored.
public struct PreviewSpec: Codable, Sendable, Hashable {
  public var schedule: String
  public var timeZone: String?
  public var start: String?
  public var end: String?
  public var repeats: Int?
  /// Fires strictly after this instant; now unless given.
  public var after: String?
  /// How many, 1 to 1000; 10 unless given.
  public var count: Int?

  public init(schedule: String) {
    self.schedule = schedule
  }
}

/// When a trigger or an expression fires.
public struct PreviewInfo: Codable, Sendable, Hashable {
  public var schedule: String
  public var timeZone: String
  public var fires: [Fire]

  public struct Fire: Codable, Sendable, Hashable {
    public var at: String
    /// The same instant on a clock in the time zone, with its offset.
    public var local: String

    package init(at: String, local: String) {
      self.at = at
      self.local = local
    }
  }

  package init(schedule: String, timeZone: String, fires: [Fire]) {
    self.schedule = schedule
    self.timeZone = timeZone
    self.fires = fires
  }
}

/// What a backfill did.
public struct BackfillInfo: Codable, Sendable, Hashable {
  /// How many tasks are new.
  public var created: Int
  /// How many nominal times had their task already.
  public var existing: Int
  public var tasks: [Entry]

  public struct Entry: Codable, Sendable, Hashable {
    public var nominalAt: String
    public var task: String
    public var isNew: Bool

    package init(nominalAt: String, task: String, isNew: Bool) {
      self.nominalAt = nominalAt
      self.task = task
      self.isNew = isNew
    }
  }

  package init(_ tasks: [Entry]) {
    created = tasks.count(where: \.isNew)
    existing = tasks.count - created
    self.tasks = tasks
  }
}
