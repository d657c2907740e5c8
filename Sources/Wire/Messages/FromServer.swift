package import Engine

/// One message from the server: everything that waited for the write before it.
package struct FromServer: Sendable, Hashable {
  package var welcome: Welcome?
  package var refuse: Refuse?
  package var heartbeatAck: UInt64?
  /// The server goes away; the wait before reconnecting.
  package var drain: Duration?
  package var offers: [Offer] = []
  package var cancels: [Cancel] = []
  /// Offers to forget unless they were started.
  package var revokes: [RunID] = []
  /// Runs whose final report is stored.
  package var resultAcks: [RunID] = []
  package var stales: [Stale] = []
  package var configure: Configure?

  package init() {}
}

/// The session is open.
package struct Welcome: Sendable, Hashable {
  package var sessionID: String
  /// Without a heartbeat for this long the runs of the session go to others. More than zero.
  package var lease: Duration
  package var keep: [RunID] = []
  package var abandon: [RunID] = []
  package var cancels: [Cancel] = []
  package var limits = Limits()

  package init(sessionID: String, lease: Duration) {
    self.sessionID = sessionID
    self.lease = lease
  }

  /// What the server takes, in bytes.
  package struct Limits: Sendable, Hashable {
    package var result = WireLimits.result
    package var logLine = WireLimits.logLine
    package var logRun = WireLimits.logRun
    package var message = WireLimits.message

    package init() {}
  }
}

/// No session; the worker may say hello again after the wait.
package struct Refuse: Sendable, Hashable {
  /// A stable word: `worker-id-taken`, `too-many-hellos`, `draining`, `invalid`.
  package var code: String
  package var reason: String
  package var retryAfter: Duration

  package init(code: String, reason: String, retryAfter: Duration) {
    self.code = code
    self.reason = reason
    self.retryAfter = retryAfter
  }
}

/// Asks for the end of a run.
package struct Cancel: Sendable, Hashable {
  package var run: RunID
  package var reason: Reason

  package init(run: RunID, reason: Reason) {
    self.run = run
    self.reason = reason
  }

  package enum Reason: String, Sendable, Hashable, CaseIterable {
    case cancel
    case replaced
    case runTimeout = "run-timeout"
    case heartbeatTimeout = "heartbeat-timeout"
    case totalTimeout = "total-timeout"
  }
}

/// The run is no longer this worker's.
package struct Stale: Sendable, Hashable {
  package var run: RunID
  package var reason: String?

  package init(run: RunID, reason: String? = nil) {
    self.run = run
    self.reason = reason
  }
}

/// Replaces settings of the worker; what is `nil` stays.
package struct Configure: Sendable, Hashable {
  package var labels: Labels?
  package var capacity: Int?
  package var disabledHandlers: [String]?

  package init(labels: Labels? = nil, capacity: Int? = nil, disabledHandlers: [String]? = nil) {
    self.labels = labels
    self.capacity = capacity
    self.disabledHandlers = disabledHandlers
  }
}
