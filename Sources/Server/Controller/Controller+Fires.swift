package import ControlAPI
import Engine
import Store

// What triggers fired, will fire, and are made to fire.
extension Controller {
  /// The ledger: one row per nominal time, newest first, with the reason where there is no task.
  package func fires(
    of name: String,
    in namespace: String,
    _ paging: Paging
  ) async throws(Problem) -> Listing<FireInfo> {
    let trigger = try await existing(trigger: name, in: namespace)
    let list = "fires \(trigger.id)"
    let request = try paging.request(for: list)
    let page = try await asking { try await store.fires(of: trigger.id, request) }
    return page.listing(of: list, FireInfo.init)
  }

  /// Makes one task by hand, now, whatever the schedule and the overlap policy say.
  package func fire(
    _ name: String,
    in namespace: String,
    _ json: JSONValue,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) -> Creation<TaskInfo> {
    let body = try Body(json, TriggerFields.fire)
    let trigger = try await existing(trigger: name, in: namespace)
    var submission = Submission(template: trigger.template)
    submission.param = body.text("param").map { Array($0.utf8) }
    submission.idempotency = conditions.idempotency
    return try await submit(submission)
  }

  /// When an expression fires; nothing is stored.
  package func preview(_ json: JSONValue) async throws(Problem) -> PreviewInfo {
    let body = try Body(json, TriggerFields.preview)
    let definition = TriggerDefinition(schedule: body)
    let after = body.time("after") ?? now()
    let recurrence = try definition.plan(at: after, zones)
    return preview(definition, recurrence, after: after, body, tasks: 0)
  }

  /// When a trigger will fire; one that is offline is shown as if it went online now.
  package func preview(
    trigger name: String,
    in namespace: String,
    _ json: JSONValue
  ) async throws(Problem) -> PreviewInfo {
    let body = try Body(json, TriggerFields.ownPreview)
    let trigger = try await existing(trigger: name, in: namespace)
    let after = body.time("after") ?? now()
    let recurrence = try recurrence(of: trigger)
    var preview = preview(
      trigger.definition,
      recurrence,
      after: after,
      body,
      tasks: trigger.state.fires
    )
    if trigger.definition.isFixedDelay {
      // Counted from the end of the task before, which the rule does not know.
      let zone = recurrence.schedule.zone
      let next = trigger.state.nextFireAt.flatMap { $0 > after ? $0 : nil }
      preview.fires = [next].compactMap(\.self).map { fire in
        PreviewInfo.Fire(at: fire.description, local: fire.local(in: zone))
      }
    }
    return preview
  }

  func recurrence(of trigger: Trigger) throws(Problem) -> Recurrence {
    do {
      return try trigger.definition.recurrence(anchor: trigger.state.anchor) {
        name throws(TimeZoneError) in try zones.zone(named: name)
      }
    } catch {
      throw Problem(.conflict, "the stored schedule cannot be used: \(error)")
    }
  }

  private func preview(
    _ definition: TriggerDefinition,
    _ recurrence: Recurrence,
    after: Timestamp,
    _ body: Body,
    tasks: Int
  ) -> PreviewInfo {
    let count = body.integer("count") ?? 10
    let zone = recurrence.schedule.zone
    return PreviewInfo(
      schedule: recurrence.schedule.text,
      timeZone: definition.timeZone,
      fires: recurrence.preview(count: count, after: after, tasks: tasks).map { fire in
        PreviewInfo.Fire(at: fire.description, local: fire.local(in: zone))
      }
    )
  }
}

extension Timestamp {
  /// What a clock in `zone` shows, with its offset: `2026-12-24T19:00:00+01:00`.
  func local(in zone: TimeZoneRules) -> String {
    let offset = zone.offset(at: self)
    let minutes = Int(offset.microseconds / 60_000_000)
    let shown = (self + offset).description.prefix(19)
    let size = minutes.magnitude
    let digits = [size / 60, size % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
    return "\(shown)\(minutes < 0 ? "-" : "+")\(digits.joined(separator: ":"))"
  }
}

extension FireInfo {
  init(_ fire: Fire) {
    switch fire {
    case .task(let detail):
      self.init(
        at: detail.task.nominalAt.description,
        count: 1,
        outcome: "task",
        recordedAt: detail.task.createdAt.description
      )
      task = detail.task.id.description
      taskState = detail.state.name
      isManual = detail.task.isManual
      lateness = max(.zero, detail.task.createdAt - detail.task.nominalAt).text
    case .skip(let skip):
      self.init(
        at: skip.from.description,
        count: skip.count,
        outcome: skip.reason.rawValue,
        recordedAt: skip.recordedAt.description
      )
      through = skip.through.description
    }
  }
}
