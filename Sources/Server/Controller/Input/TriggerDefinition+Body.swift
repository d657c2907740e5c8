import ControlAPI
import Engine
import Store

extension TriggerDefinition {
  /// The rule that a body describes; what it leaves out takes its default.
  init(_ body: Body) throws(Problem) {
    self.init(handler: body.text("handler") ?? "", schedule: body.text("schedule") ?? "")
    plan(as: body)
    param = body.text("param") ?? param
    let work = try WorkOptions(body)
    (shards, shardParams, labels, priority) = (
      work.shards, work.shardParams, work.labels, work.priority
    )
    (retry, limits, atMostOnce) = (work.retry, work.limits, work.atMostOnce)
    misfire = body.text("misfire").flatMap(MisfirePolicy.init) ?? misfire
    misfireWindow = body.duration("misfireWindow") ?? misfireWindow
    overlap = body.text("overlap").flatMap(OverlapPolicy.init) ?? overlap
  }

  /// Only when it fires: for a preview.
  init(schedule body: Body) {
    self.init(handler: "", schedule: body.text("schedule") ?? "")
    plan(as: body)
  }

  private mutating func plan(as body: Body) {
    timeZone = body.text("timeZone") ?? timeZone
    start = body.time("start")
    end = body.time("end")
    repeats = body.integer("repeats")
  }

  /// The fires from `now` on, or the field that forbids them.
  func plan(at now: Timestamp, _ zones: TimeZoneDatabase) throws(Problem) -> Recurrence {
    do {
      return try newRecurrence(at: now) { name throws(TimeZoneError) in
        try zones.zone(named: name)
      }
    } catch let error as ScheduleError {
      throw Problem(error, of: self)
    } catch let error as TimeZoneError {
      throw Problem(.invalidField, "timeZone: \(error.message)", field: "timeZone")
    } catch {
      throw Problem(.invalidField, "schedule: \(error)", field: "schedule")
    }
  }

  /// Whether both fire at the same times.
  func firesLike(_ other: TriggerDefinition) -> Bool {
    (schedule, timeZone, start, end, repeats)
      == (other.schedule, other.timeZone, other.start, other.end, other.repeats)
  }
}

extension Problem {
  fileprivate init(_ error: ScheduleError, of definition: TriggerDefinition) {
    let field =
      switch error.code {
      case .repeats: "repeats"
      case .emptyWindow: definition.end == nil ? "start" : "end"
      case .empty, .tooLong, .fieldCount, .syntax, .outOfRange, .unknownAlias, .zonePrefix,
        .duration, .time, .neverFires, .inPast:
        "schedule"
      }
    let shown = field == "schedule" ? " \"\(definition.schedule.shortened)\"" : ""
    self.init(.invalidField, "\(field)\(shown): \(error)", field: field)
  }
}

/// What triggers and single tasks may both say about the work.
struct WorkOptions {
  var shards = 1
  var shardParams: [Int: String] = [:]
  var labels = Labels.none
  var priority = TaskTemplate.defaultPriority
  var retry = RetryPolicy()
  var limits = TimeLimits()
  var atMostOnce = false

  init(_ body: Body) throws(Problem) {
    shards = body.integer("shards") ?? shards
    shardParams = body.shardParams("shardParams") ?? shardParams
    labels = body.labels("labels").map(Labels.init) ?? labels
    priority = body.integer("priority") ?? priority
    atMostOnce = body.boolean("atMostOnce") ?? atMostOnce
    retry.retries = body.integer("retries") ?? retry.retries
    retry.base = body.duration("retryBackoff") ?? retry.base
    retry.cap = body.duration("retryBackoffCap") ?? max(retry.cap, retry.base)
    limits.run = WorkOptions.limit(body, "runTimeout", limits.run)
    limits.total = WorkOptions.limit(body, "taskTimeout", limits.total)
    limits.queue = WorkOptions.limit(body, "queueTimeout", limits.queue)
    limits.heartbeat = WorkOptions.limit(body, "heartbeatTimeout", limits.heartbeat)
    try check()
  }

  /// A limit of 0 is written out and means none.
  private static func limit(_ body: Body, _ name: String, _ usual: Duration?) -> Duration? {
    guard let given = body.duration(name) else { return usual }
    return given == .zero ? nil : given
  }

  private func check() throws(Problem) {
    if let beyond = shardParams.keys.filter({ $0 >= shards }).min() {
      throw Problem(
        .invalidField,
        "shardParams.\(beyond): there are \(shards) shards, counted from 0",
        field: "shardParams.\(beyond)"
      )
    }
    guard retry.cap >= retry.base else {
      throw Problem(
        .invalidField,
        "retryBackoffCap must be at least retryBackoff, \(retry.base.text), not \(retry.cap.text)",
        field: "retryBackoffCap"
      )
    }
  }
}
