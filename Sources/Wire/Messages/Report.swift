package import Engine

/// What became of one run.
package struct Report: Sendable, Hashable {
  package var run: RunID
  package var event: Event

  package init(run: RunID, event: Event) {
    self.run = run
    self.event = event
  }

  package enum Event: Sendable, Hashable {
    /// The handler was entered, by the worker's clock if it says so.
    case started(at: Timestamp?)
    /// The handler gets on; percent is 0 to 100, `nil` when unknown.
    case progress(percent: Int?, note: String?)
    case log(LogLine)
    case succeeded(result: [UInt8]?)
    case failed(Failure)
    /// The handler ended because it was asked to.
    case stopped(message: String?)
    /// The worker will not run this offer.
    case decline(reason: String)
    /// The handler was stopped because the worker shuts down.
    case released

    /// Whether this ends the run on the worker's side and waits for an acknowledgement.
    package var isFinal: Bool {
      switch self {
      case .started, .progress, .log: false
      case .succeeded, .failed, .stopped, .decline, .released: true
      }
    }
  }

  package struct Failure: Sendable, Hashable {
    package var message: String
    /// False: trying again is useless.
    package var isRetryable = true
    /// The wait before the next attempt; `nil` leaves it to the policy.
    package var retryAfter: Duration?

    package init(message: String, isRetryable: Bool = true, retryAfter: Duration? = nil) {
      self.message = message
      self.isRetryable = isRetryable
      self.retryAfter = retryAfter
    }
  }

  package struct LogLine: Sendable, Hashable {
    package var at: Timestamp
    package var level: Level
    package var message: String
    /// In the order in which they are shown.
    package var metadata: [Fact] = []

    package init(at: Timestamp, level: Level, message: String, metadata: [Fact] = []) {
      self.at = at
      self.level = level
      self.message = message
      self.metadata = metadata
    }

    package enum Level: String, Sendable, Hashable, CaseIterable {
      case trace, debug, info, notice, warning, error, critical
    }

    package struct Fact: Sendable, Hashable {
      package var key: String
      package var value: String

      package init(key: String, value: String) {
        self.key = key
        self.value = value
      }
    }

    /// Its length as the limits count it: the message and all facts, in bytes.
    package var size: Int {
      metadata.reduce(message.utf8.count) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    }
  }

  /// At least as many bytes as the report takes in a message.
  package var sizeBound: Int {
    switch event {
    case .started, .released: 64
    case .progress(_, let note): 80 + (note?.utf8.count ?? 0)
    case .log(let line): 96 + line.size + 16 * line.metadata.count
    case .succeeded(let result): 80 + (result?.count ?? 0)
    case .failed(let failure): 96 + failure.message.utf8.count
    case .stopped(let message): 80 + (message?.utf8.count ?? 0)
    case .decline(let reason): 80 + reason.utf8.count
    }
  }
}
