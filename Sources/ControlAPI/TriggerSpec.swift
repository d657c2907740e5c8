/// A trigger as its owner writes it. What is left `nil` takes the server's default, or, in an answer,
/// does not apply.
///
/// Durations are written `250ms`, `10s`, `1m30s`, `2h`; times are RFC 3339 with an offset.
public struct TriggerSpec: Codable, Sendable, Hashable {
  /// The handler that does the work; 1 to 128 letters, digits, `.`, `_` and `-`.
  public var handler: String
  /// Cron text of 5 or 6 fields, `@daily` and its like, `@every 1m30s`, `after 30s`, or
  /// `at 2026-12-24T18:00:00Z`.
  public var schedule: String
  /// An IANA name; `UTC` unless given.
  public var timeZone: String?
  /// The first instant a fire may have.
  public var start: String?
  /// The last instant a fire may have.
  public var end: String?
  /// How many fires may become tasks; `nil` is without limit.
  public var repeats: Int?
  /// Handed to the handler as it is; at most 1 MiB.
  public var param: String?
  /// How many parts each task is split into, 1 to 1024.
  public var shards: Int?
  /// What single shards get besides `param`, by index from 0.
  public var shardParams: [String: String]?
  /// Labels that a worker must agree with; at most 32.
  public var labels: [String: String]?
  /// 0 (least urgent) to 9; 5 unless given.
  public var priority: Int?
  /// How many more attempts follow the first, 0 to 100; 3 unless given.
  public var retries: Int?
  /// The bound of the wait before the second attempt; it doubles with each further one.
  public var retryBackoff: String?
  /// The longest wait between two attempts.
  public var retryBackoffCap: String?
  /// How long one attempt may run; `0` is without limit.
  public var runTimeout: String?
  /// How long all attempts together may take; `0` is without limit.
  public var taskTimeout: String?
  /// How long a task may wait for its first start; `0` is without limit.
  public var queueTimeout: String?
  /// How long a run may go without a sign of progress; `0` is without limit.
  public var heartbeatTimeout: String?
  /// What becomes of missed fires: `skip`, `once` or `all`.
  public var misfire: String?
  /// How late a fire may be before it counts as missed.
  public var misfireWindow: String?
  /// What becomes of a fire while the task before it lasts: `skip`, `queue`, `allow` or `replace`.
  public var overlap: String?
  /// Whether a run whose worker was lost must not be tried again.
  public var atMostOnce: Bool?
  /// Whether the trigger fires; `true` unless given.
  public var online: Bool?

  public init(handler: String, schedule: String) {
    self.handler = handler
    self.schedule = schedule
  }
}

/// A trigger as the server keeps it.
public struct TriggerInfo: Sendable, Hashable {
  public let id: String
  public let namespace: String
  public let name: String
  public var spec: TriggerSpec
  public var state: State

  /// How far the rule has been carried out.
  public struct State: Codable, Sendable, Hashable {
    /// Grows by one with each edit; the entity tag of the trigger.
    public var revision: Int64
    public var createdAt: String
    public var updatedAt: String
    /// The next fire, if one is planned.
    public var nextFireAt: String?
    /// No fire up to here is ever created again.
    public var firedThrough: String
    /// Fires that became tasks.
    public var fires: Int
    /// The task that later fires wait for, under a policy that cares.
    public var activeTask: String?
    /// The task held until `activeTask` ends.
    public var heldTask: String?
    /// Since when the trigger is offline.
    public var offlineSince: String?

    package init(
      revision: Int64,
      createdAt: String,
      updatedAt: String,
      firedThrough: String,
      fires: Int
    ) {
      self.revision = revision
      self.createdAt = createdAt
      self.updatedAt = updatedAt
      self.firedThrough = firedThrough
      self.fires = fires
    }
  }

  package init(id: String, namespace: String, name: String, spec: TriggerSpec, state: State) {
    self.id = id
    self.namespace = namespace
    self.name = name
    self.spec = spec
    self.state = state
  }
}

/// In JSON the rule and its state stand side by side, so that what was sent is found where it was put.
extension TriggerInfo: Codable {
  private enum CodingKeys: String, CodingKey {
    case id, namespace, name
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(String.self, forKey: .id)
    namespace = try container.decode(String.self, forKey: .namespace)
    name = try container.decode(String.self, forKey: .name)
    spec = try TriggerSpec(from: decoder)
    state = try State(from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(namespace, forKey: .namespace)
    try container.encode(name, forKey: .name)
    try spec.encode(to: encoder)
    try state.encode(to: encoder)
  }
}
