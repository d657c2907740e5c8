/// What the tasks of one trigger, or of one way of submitting, have in common.
///
/// A store keeps each distinct template once and its tasks refer to it, so a task's own row stays small.
package struct TaskTemplate: Sendable, Hashable, Codable {
  package var namespace: String
  package var handler: String
  /// The trigger that made the tasks, if one did.
  package var trigger: Origin?
  package var labels: Labels = .none
  /// 0 (least urgent) to 9.
  package var priority = TaskTemplate.defaultPriority
  /// 1 to `largestShardCount`.
  package var shardCount = 1
  /// Parameters of single shards; the others have none.
  package var shardParams: [Int: String] = [:]
  /// The parameter of every task that has none of its own.
  package var param = ""
  package var retry = RetryPolicy()
  package var limits = TimeLimits()
  /// A run whose worker was lost is not tried again.
  package var atMostOnce = false

  /// The trigger behind a template, named so that a task can tell where it came from.
  package struct Origin: Sendable, Hashable, Codable {
    package var id: TriggerID
    package var name: String
    /// The trigger must hear when the task ends: it holds back, follows on, or replaces.
    package var awaitsEnd: Bool

    package init(id: TriggerID, name: String, awaitsEnd: Bool) {
      self.id = id
      self.name = name
      self.awaitsEnd = awaitsEnd
    }
  }

  package static let defaultPriority = 5
  package static let largestShardCount = 1024

  package init(namespace: String, handler: String) {
    self.namespace = namespace
    self.handler = handler
  }

  /// Where the tasks queue.
  package var queue: QueueKey { QueueKey(namespace: namespace, handler: handler) }

  /// Smaller goes first: the planned instant, moved earlier by a minute for each level of priority.
  ///
  /// Age therefore outweighs priority in the end, and nothing starves.
  package func order(nominalAt: Timestamp) -> Int64 {
    let headStart = TaskTemplate.headStart * Int64(priority)
    let (order, overflow) = nominalAt.microseconds.subtractingReportingOverflow(headStart)
    return overflow ? .min : order
  }

  /// In microseconds.
  private static let headStart: Int64 = 60_000_000
}

/// Names one queue. Handlers never share one, so a flood on one cannot delay another.
package struct QueueKey: Sendable, Hashable {
  package let namespace: String
  package let handler: String

  package init(namespace: String, handler: String) {
    self.namespace = namespace
    self.handler = handler
  }
}
