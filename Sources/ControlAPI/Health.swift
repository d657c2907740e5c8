/// How the server is.
public struct HealthInfo: Codable, Sendable, Hashable {
  /// `ok`, or `degraded` when something below needs a person.
  public var status = "ok"
  public var version = ""
  public var store = StoreHealth()
  /// The version of the rules of local time, and where they come from.
  public var timeZoneDatabase = ""
  /// Queues in which slots have waited over a minute with no worker for the handler.
  public var queuesWithoutWorker: [QueueInfo] = []
  /// Triggers whose next fire is over a minute late.
  public var lateTriggers: [LateTrigger] = []
  /// Reports refused since the start, by reason.
  public var refusedReports: [String: Int] = [:]

  public struct StoreHealth: Codable, Sendable, Hashable {
    public var name = ""
    /// The version of the library or the server behind it.
    public var version = ""
    /// The upper half of the epochs handed out.
    public var generation: UInt32 = 0
    /// The number of the last change.
    public var lastSequence: Int64 = 0
    /// Why nothing can be written now.
    public var trouble: String?

    package init() {}
  }

  public struct LateTrigger: Codable, Sendable, Hashable {
    public var namespace: String
    public var name: String
    /// The nominal time of the first fire that is owed.
    public var dueAt: String

    package init(namespace: String, name: String, dueAt: String) {
      self.namespace = namespace
      self.name = name
      self.dueAt = dueAt
    }
  }

  package init() {}
}

/// Whether the server takes work.
public struct ReadinessInfo: Codable, Sendable, Hashable {
  public var ready: Bool
  /// Why not.
  public var reason: String?

  package init(ready: Bool, reason: String? = nil) {
    self.ready = ready
    self.reason = reason
  }
}
