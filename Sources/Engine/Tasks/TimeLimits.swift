/// The time limits of a task, all kept by the server. `nil` is without limit.
package struct TimeLimits: Sendable, Hashable, Codable {
  /// From the task's creation to its first start.
  package var queue: Duration?
  /// From a run's start to its outcome, each attempt by itself.
  package var run: Duration?
  /// Between two signs of progress of one run.
  package var heartbeat: Duration?
  /// From the task's creation to its end, all attempts together.
  package var total: Duration?

  package init(
    queue: Duration? = nil,
    run: Duration? = .seconds(3600),
    heartbeat: Duration? = nil,
    total: Duration? = nil
  ) {
    self.queue = queue
    self.run = run
    self.heartbeat = heartbeat
    self.total = total
  }

  /// How long an offer may stay unanswered on a living session.
  package static let acknowledgement: Duration = .seconds(10)

  /// How long a run that was asked to stop may take to do so.
  package static let cancelGrace: Duration = .seconds(30)
}
