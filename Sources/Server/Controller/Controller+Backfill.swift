package import ControlAPI
import Engine
import Store

// Nominal times that are run after the fact.
extension Controller {
  /// The most nominal times one backfill may name.
  package static let mostBackfilled = 1_000

  /// Makes one task by hand for each nominal time from `from` to `to` that has none yet.
  package func backfill(
    _ name: String,
    in namespace: String,
    _ json: JSONValue
  ) async throws(Problem) -> BackfillInfo {
    let body = try Body(json, TriggerFields.backfill)
    let trigger = try await existing(trigger: name, in: namespace)
    let times = try nominalTimes(of: trigger, body)
    guard let first = times.first else { return BackfillInfo([]) }
    let known = try await tasks(of: trigger, since: first)
    let missing = times.filter { known[$0] == nil }
    let answers = try await asking {
      try await store.submit(missing.map { Submission(backfilling: trigger, at: $0) })
    }
    let wanted = Set(times)
    var entries = known.filter { wanted.contains($0.key) }
      .map { entry($0.key, $0.value, isNew: false) }
    for (time, answer) in zip(missing, answers) {
      switch answer {
      case .created(let task): entries.append(entry(time, task, isNew: true))
      case .repeated(let task): entries.append(entry(time, task, isNew: false))
      case .refused(let code): throw Problem(code, in: namespace)
      }
    }
    return BackfillInfo(entries.sorted { $0.nominalAt < $1.nominalAt })
  }

  private func entry(_ at: Timestamp, _ task: TaskID, isNew: Bool) -> BackfillInfo.Entry {
    BackfillInfo.Entry(nominalAt: at.description, task: task.description, isNew: isNew)
  }

  private func nominalTimes(
    of trigger: Trigger,
    _ body: Body
  ) throws(Problem) -> [Timestamp] {
    guard let from = body.time("from"), let to = body.time("to") else { return [] }
    guard to <= now() else {
      throw Problem(.invalidField, "to must not lie in the future; it is \(now()) now", field: "to")
    }
    guard from <= to else {
      throw Problem(.invalidField, "to must not lie before from, \(from)", field: "to")
    }
    guard !trigger.definition.isFixedDelay else {
      throw Problem(.conflict, "a schedule that follows the end of a task has no nominal times")
    }
    let recurrence = try recurrence(of: trigger)
    let before = Timestamp(microseconds: from.microseconds - 1)
    let count = recurrence.count(after: before, through: to)
    guard count <= Self.mostBackfilled else {
      throw Problem(
        .invalidField,
        "from and to span \(count) nominal times; at most \(Self.mostBackfilled) go at once",
        field: "to"
      )
    }
    return recurrence.newest(count, after: before, through: to)
  }

  /// The tasks that nominal times since `first` have already, the newest of each.
  private func tasks(
    of trigger: Trigger,
    since first: Timestamp
  ) async throws(Problem) -> [Timestamp: TaskID] {
    var known: [Timestamp: TaskID] = [:]
    var request = PageRequest(limit: 1_000)
    while true {
      let asked = request
      let page = try await asking { try await store.fires(of: trigger.id, asked) }
      for case .task(let detail) in page.elements {
        known[detail.task.nominalAt] = known[detail.task.nominalAt] ?? detail.task.id
      }
      guard let next = page.next, page.elements.last.map({ $0.at >= first }) ?? true else {
        return known
      }
      request.cursor = next
    }
  }
}

extension Submission {
  /// The task for one nominal time that the schedule left out.
  fileprivate init(backfilling trigger: Trigger, at time: Timestamp) {
    self.init(template: trigger.template)
    at = time
    idempotency = IdempotencyKey(
      key: "backfill:\(trigger.id):\(time.microseconds)",
      body: Array("backfill".utf8)
    )
  }
}

extension Problem {
  /// Why a submission was refused.
  init(_ code: StoreError.Code, in namespace: String) {
    switch code {
    case .notFound:
      self.init(.notFound, "there is no namespace \"\(namespace.shortened)\"", field: "namespace")
    case .keyReused:
      self.init(
        .keyReused,
        "the idempotency key was used with another request within the last day",
        field: "Idempotency-Key"
      )
    case .conflict, .stale, .unavailable, .invalid, .corrupt, .locked:
      self.init(StoreError(code, "the task was refused"))
    }
  }
}
