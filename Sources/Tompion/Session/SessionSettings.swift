package import Engine
internal import Wire

/// Who a worker is and what it takes.
package struct SessionSettings: Sendable {
  package var workerID: String
  package var bootID: BootID
  package var namespace = "default"
  package var app = ""
  package var host = ""
  package var processID: UInt32 = 0
  package var handlers: [String]
  package var labels: Labels = .none
  package var labelMatching: LabelMatching = .exact
  /// How many handlers run at once: 1 to `WireLimits.capacity`.
  package var capacity: Int
  /// How many addresses there are to try in turn. At least 1.
  package var serverCount = 1

  package init(workerID: String, bootID: BootID, handlers: [String], capacity: Int) {
    self.workerID = workerID
    self.bootID = bootID
    self.handlers = handlers
    self.capacity = capacity
  }

  /// Name and version of this library, as the server shows it.
  package static let sdkVersion = "tompion-swift/0.1.0"

  /// How long a stream may stay without an answer to its hello.
  static let welcomeTimeout: Duration = .seconds(10)
  /// How long an offer waits for room: shorter than the 10 s after which the server takes it back.
  static let queueTimeout: Duration = .seconds(8)
  /// How much later than the server this side enforces a limit, so that usually the server decides.
  static let limitSlack: Duration = .seconds(1)
  /// How long a session must have lasted for the next wait to be short again.
  static let healthyAfter: Duration = .seconds(60)
  /// How long handlers and their last reports get after the grace of a shutdown.
  static let lastWords: Duration = .seconds(5)
  /// The bytes of unacknowledged results at which no more work is asked for.
  static let unacknowledgedBytes = 16 << 20
  /// The bytes of log lines that may wait for being sent.
  static let pendingLogBytes = 1 << 20
  /// About how large one message may grow.
  static let frameBytes = 1 << 20
  /// How many unacknowledged results fit into a hello, in bytes.
  static let helloBytes = 3 << 20
}
