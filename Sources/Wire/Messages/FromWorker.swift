package import Engine

/// One message from a worker: everything that waited for the write before it.
package struct FromWorker: Sendable, Hashable {
  package var hello: Hello?
  package var credits: [Credit] = []
  /// Counts up from 1.
  package var heartbeat: UInt64?
  package var isDraining = false
  /// In the order in which things happened.
  package var reports: [Report] = []

  package init() {}
}

/// Introduces a worker, and what it is still doing if it was connected before.
package struct Hello: Sendable, Hashable {
  package var workerID: String
  package var bootID: BootID
  package var handlers: [String] = []
  package var labels: Labels = .none
  package var labelMatching: LabelMatching = .exact
  /// How many runs at once, over all handlers: 1 to `WireLimits.capacity`.
  package var capacity: Int
  /// Runs offered to this process and not yet reported final.
  package var inFlight: [RunID] = []
  /// Final reports that were never acknowledged.
  package var unsentResults: [Report] = []
  package var namespace = "default"
  package var app = ""
  package var sdkVersion = ""
  package var host = ""
  package var processID: UInt32 = 0

  package init(workerID: String, bootID: BootID, capacity: Int) {
    self.workerID = workerID
    self.bootID = bootID
    self.capacity = capacity
  }
}

/// Grants the server more offers for one handler.
package struct Credit: Sendable, Hashable {
  package var handler: String
  /// 1 to `WireLimits.capacity`.
  package var count: Int

  package init(handler: String, count: Int) {
    self.handler = handler
    self.count = count
  }
}
