package import Engine

/// One run to start.
package struct Offer: Sendable, Hashable {
  package var run: RunID
  package var handler: String
  /// Empty when the task has none.
  package var param: [UInt8] = []
  /// The parameter of this shard alone, if it has one.
  package var shardParam: [UInt8]?
  /// At least 1; `run.slot.shard` is below it.
  package var shardCount = 1
  /// Counts from 1.
  package var attempt: Int
  /// The instant for which the task was planned.
  package var nominalAt: Timestamp
  /// How long one run may take; `nil` is without limit.
  package var runTimeout: Duration?
  /// The longest pause between two signs of progress; `nil` is without limit.
  package var heartbeatTimeout: Duration?
  /// The trigger's name; `nil` for a task submitted directly.
  package var trigger: String?
  package var labels: Labels = .none

  package init(run: RunID, handler: String, attempt: Int, nominalAt: Timestamp) {
    self.run = run
    self.handler = handler
    self.attempt = attempt
    self.nominalAt = nominalAt
  }

  /// At least as many bytes as the offer takes in a message.
  package var sizeBound: Int {
    160 + handler.utf8.count + param.count + (shardParam?.count ?? 0) + (trigger?.utf8.count ?? 0)
      + labels.pairs.reduce(0) { $0 + 16 + $1.key.utf8.count + $1.value.utf8.count }
  }
}
