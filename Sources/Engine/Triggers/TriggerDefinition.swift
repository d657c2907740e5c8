/// The rule as its owner wrote it: when, what, and under which policies.
package struct TriggerDefinition: Sendable, Hashable, Codable {
  package var handler: String
  /// The text of the schedule, as `Schedule` reads it.
  package var schedule: String
  /// An IANA name.
  package var timeZone = "UTC"
  /// The first and the last instant a fire may have, both included.
  package var start: Timestamp?
  package var end: Timestamp?
  /// How many fires may become tasks; `nil` is without limit.
  package var repeats: Int?

  package var param = ""
  package var shards = 1
  package var shardParams: [Int: String] = [:]
  package var labels: Labels = .none
  package var priority = TaskTemplate.defaultPriority

  package var retry = RetryPolicy()
  package var limits = TimeLimits()
  package var misfire: MisfirePolicy = .once
  /// How late a fire may be before it counts as missed.
  package var misfireWindow: Duration = .seconds(60)
  package var overlap: OverlapPolicy = .allow
  /// A run whose worker was lost is not tried again.
  package var atMostOnce = false

  package init(handler: String, schedule: String) {
    self.handler = handler
    self.schedule = schedule
  }
}

/// What becomes of fires that were missed.
package enum MisfirePolicy: String, Sendable, Hashable, Codable, CaseIterable {
  case skip, once, all
}

/// What becomes of a fire while the task before it is not final.
package enum OverlapPolicy: String, Sendable, Hashable, Codable, CaseIterable {
  case skip, queue, allow, replace
}

extension Timestamp: Codable {
  package init(from decoder: any Decoder) throws {
    self.init(microseconds: try decoder.singleValueContainer().decode(Int64.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(microseconds)
  }
}
