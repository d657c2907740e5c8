import ControlAPI

/// The options that describe a trigger or a task.
enum TriggerOptions {
  static let handler = Option("handler", "NAME", "The handler that does the work.")
  static let schedule = Option(
    "schedule",
    "S",
    "Cron of 5 or 6 fields, @daily and its like, @every 1m30s, after 30s, or at TIME."
  )

  static let timing = [
    Option("time-zone", "ZONE", "An IANA name.").standard("UTC"),
    Option("start", "TIME", "The first instant a fire may have (RFC 3339)."),
    Option("end", "TIME", "The last instant a fire may have (RFC 3339)."),
    Option("repeats", "N", "How many fires may become tasks.").standard("no limit"),
  ]

  static let work = [
    Option("param", "TEXT", "Handed to the handler as it is; at most 1 MiB."),
    Option("shards", "N", "Parts each task is split into, 1 to 1024.").standard("1"),
    Option("shard-param", "I=TEXT", "What shard I gets besides, counted from 0.").repeatable(),
    Option("label", "K=V", "A label that workers must agree with.").repeatable(),
    Option("priority", "N", "0 (least urgent) to 9.").standard("5"),
    Option("retries", "N", "Attempts after the first, 0 to 100.").standard("3"),
    Option("retry-backoff", "D", "The bound of the first wait; it doubles.").standard("1s"),
    Option("retry-backoff-cap", "D", "The longest wait between attempts.").standard("5m"),
    Option("run-timeout", "D", "How long one attempt may run; 0 is without limit.").standard("1h"),
    Option("task-timeout", "D", "How long all attempts may take together.").standard("no limit"),
    Option("queue-timeout", "D", "How long it may wait for its start.").standard("no limit"),
    Option("heartbeat-timeout", "D", "How long a run may show no progress.").standard("no limit"),
    Option("at-most-once", nil, "Never try again a run whose worker was lost."),
  ]

  static let policies = [
    Option("misfire", "POLICY", "What becomes of missed fires.").standard("once")
      .choices(["skip", "once", "all"]),
    Option("misfire-window", "D", "How late a fire may be before it counts as missed.")
      .standard("1m"),
    Option("overlap", "POLICY", "What becomes of a fire while the task before it lasts.")
      .standard("allow").choices(["skip", "queue", "allow", "replace"]),
    Option("offline", nil, "Create it switched off."),
  ]

  /// What was given; `current` has what cannot be left out.
  static func spec(
    _ arguments: Arguments,
    current: TriggerSpec? = nil
  ) throws(UsageError) -> TriggerSpec {
    guard let handler = arguments["handler"] ?? current?.handler else {
      throw UsageError("--handler is missing")
    }
    guard let schedule = arguments["schedule"] ?? current?.schedule else {
      throw UsageError("--schedule is missing")
    }
    var spec = TriggerSpec(handler: handler, schedule: schedule)
    spec.timeZone = arguments["time-zone"]
    spec.start = arguments["start"]
    spec.end = arguments["end"]
    spec.repeats = try arguments.integer("repeats")
    spec.param = arguments["param"]
    spec.shards = try arguments.integer("shards")
    spec.shardParams = try arguments.pairs("shard-param")
    spec.labels = try arguments.pairs("label")
    spec.priority = try arguments.integer("priority")
    spec.retries = try arguments.integer("retries")
    spec.retryBackoff = arguments["retry-backoff"]
    spec.retryBackoffCap = arguments["retry-backoff-cap"]
    spec.runTimeout = arguments["run-timeout"]
    spec.taskTimeout = arguments["task-timeout"]
    spec.queueTimeout = arguments["queue-timeout"]
    spec.heartbeatTimeout = arguments["heartbeat-timeout"]
    spec.misfire = arguments["misfire"]
    spec.misfireWindow = arguments["misfire-window"]
    spec.overlap = arguments["overlap"]
    spec.atMostOnce = arguments.has("at-most-once") ? true : nil
    spec.online = arguments.has("offline") ? false : nil
    return spec
  }

  static func taskSpec(_ arguments: Arguments) throws(UsageError) -> TaskSpec {
    guard let handler = arguments["handler"] else { throw UsageError("--handler is missing") }
    var spec = TaskSpec(handler: handler)
    spec.at = arguments["at"]
    spec.param = arguments["param"]
    spec.shards = try arguments.integer("shards")
    spec.shardParams = try arguments.pairs("shard-param")
    spec.labels = try arguments.pairs("label")
    spec.priority = try arguments.integer("priority")
    spec.retries = try arguments.integer("retries")
    spec.retryBackoff = arguments["retry-backoff"]
    spec.retryBackoffCap = arguments["retry-backoff-cap"]
    spec.runTimeout = arguments["run-timeout"]
    spec.taskTimeout = arguments["task-timeout"]
    spec.queueTimeout = arguments["queue-timeout"]
    spec.heartbeatTimeout = arguments["heartbeat-timeout"]
    spec.atMostOnce = arguments.has("at-most-once") ? true : nil
    return spec
  }
}
