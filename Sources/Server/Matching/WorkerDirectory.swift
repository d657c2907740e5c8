package import Engine

/// What matching can tell about the workers that are connected and the queues they serve.
package protocol WorkerDirectory: Sendable {
  /// The workers of a namespace, by name; those whose lease still runs after a broken stream included.
  func workers(namespace: String) -> [WorkerStatus]
  /// The queues of a namespace that matching has in memory, by handler.
  func queues(namespace: String) -> [QueueStatus]
  /// Asks a worker to finish what it has and to take no more; `false` when there is none of the name.
  func drain(worker: String, namespace: String) -> Bool
  /// Reports that were refused since the server started, by reason.
  var refusedReports: [Refusal: Int] { get }
}

/// One worker process.
package struct WorkerStatus: Sendable {
  package var worker: String
  package var boot: BootID
  package var namespace: String
  package var app: String
  package var sdkVersion: String
  package var host: String
  package var processID: Int
  /// Where its stream comes from, as `ipv4:127.0.0.1:40312`.
  package var peer: String
  package var handlers: [String]
  package var labels: Labels
  package var matching: LabelMatching
  package var capacity: Int
  package var state: State
  package var connectedAt: Timestamp
  package var lastHeartbeatAt: Timestamp
  package var lease: Duration
  /// What it has in hand: offered, running or stopping.
  package var runs: [RunID]
  /// Messages that wait to be written to it: now, the most there were, and the most there may be.
  package var outbound: (count: Int, peak: Int, bound: Int)

  package enum State: String, Sendable {
    case connected, draining, disconnected
  }
}

/// One queue, as matching sees it.
package struct QueueStatus: Sendable {
  package var queue: QueueKey
  /// Ready slots in memory: now, the most there were, and the most there may be.
  package var ready: Int
  package var peak: Int
  package var bound: Int
  /// Whether more ready slots wait in the store.
  package var overflowed: Bool
  /// Connected workers that registered the handler.
  package var workers: Int
  /// Credits that these workers have open.
  package var credits: Int
  /// Slots of the queue that workers have in hand.
  package var inHand: Int
  /// Since when slots wait with no worker for the handler, if so.
  package var withoutWorkerSince: Timestamp?
}
