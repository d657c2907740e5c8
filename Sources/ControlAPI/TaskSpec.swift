/// A task that somebody asks for directly. What is left `nil` takes the server's default.
///
/// Durations are written `250ms`, `10s`, `1m30s`, `2h`; times are RFC 3339 with an offset.
public struct TaskSpec: Codable, Sendable, Hashable {
  /// The handler that does the work.
  public var handler: String
  /// Handed to the handler as it is; at most 1 MiB.
  public var param: String?
  /// The parameter when it is not text, in base64; excludes `param`.
  public var paramBase64: String?
  /// When it is to run; now unless given.
  public var at: String?
  public var shards: Int?
  public var shardParams: [String: String]?
  public var labels: [String: String]?
  public var priority: Int?
  public var retries: Int?
  public var retryBackoff: String?
  public var retryBackoffCap: String?
  public var runTimeout: String?
  public var taskTimeout: String?
  public var queueTimeout: String?
  public var heartbeatTimeout: String?
  public var atMostOnce: Bool?

  public init(handler: String) {
    self.handler = handler
  }
}
