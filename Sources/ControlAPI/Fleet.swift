/// One worker process that is connected, or was until a moment ago.
public struct WorkerInfo: Codable, Sendable, Hashable {
  public var name = ""
  public var namespace = ""
  public var bootId = ""
  public var app = ""
  public var sdkVersion = ""
  public var host = ""
  public var processId = 0
  /// Where its stream comes from.
  public var peer = ""
  public var handlers: [String] = []
  public var labels: [String: String] = [:]
  /// `exact` or `subset`.
  public var labelMatching = ""
  public var capacity = 0
  /// `connected`, `draining` or `disconnected`.
  public var state = ""
  public var connectedAt = ""
  public var lastHeartbeatAt = ""
  /// How long it may stay silent before its runs are given to others.
  public var lease = ""
  /// What it has in hand, as run instance ids.
  public var runs: [String] = []
  /// Messages that wait to be written to it.
  public var outbound = Gauge(count: 0, peak: 0, bound: 0)

  package init() {}
}

/// How full something is that has a bound.
public struct Gauge: Codable, Sendable, Hashable {
  public var count: Int
  /// The most there were.
  public var peak: Int
  /// The most there may be.
  public var bound: Int

  package init(count: Int, peak: Int, bound: Int) {
    self.count = count
    self.peak = peak
    self.bound = bound
  }
}

/// A handler that some worker registered.
public struct HandlerInfo: Codable, Sendable, Hashable {
  public var name: String
  public var namespace: String
  /// The names of the workers that have it.
  public var workers: [String]
  public var apps: [String]

  package init(name: String, namespace: String, workers: [String], apps: [String]) {
    self.name = name
    self.namespace = namespace
    self.workers = workers
    self.apps = apps
  }
}

/// The queue of one handler.
public struct QueueInfo: Codable, Sendable, Hashable {
  public var handler = ""
  public var namespace = ""
  /// Ready slots in memory.
  public var ready = Gauge(count: 0, peak: 0, bound: 0)
  /// Whether more ready slots wait in the store.
  public var overflowed = false
  /// Connected workers that have the handler.
  public var workers = 0
  /// What these workers are willing to take now.
  public var credits = 0
  /// Slots that workers have in hand.
  public var inHand = 0
  /// Since when slots wait without any worker for the handler.
  public var withoutWorkerSince: String?

  package init() {}
}
