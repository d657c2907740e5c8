package import ControlAPI
import Engine
import Store

/// Which tasks to list; `nil` is any.
package struct TaskQuery: Sendable, Hashable {
  /// A trigger's name.
  package var trigger: String?
  package var handler: String?
  /// One of the six names.
  package var state: String?

  package init(trigger: String? = nil, handler: String? = nil, state: String? = nil) {
    self.trigger = trigger
    self.handler = handler
    self.state = state
  }
}

// Tasks.
extension Controller {
  /// Tasks, newest first, without their runs and events.
  package func tasks(
    in namespace: String,
    _ query: TaskQuery,
    _ paging: Paging
  ) async throws(Problem) -> Listing<TaskInfo> {
    var filter = TaskFilter(namespace: namespace)
    let list = ["tasks", namespace, query.trigger, query.handler, query.state]
      .map { $0 ?? "" }.joined(separator: "\n")
    let request = try paging.request(for: list)
    filter.state = try query.state.map { name throws(Problem) in try Controller.state(name) }
    filter.handler = query.handler
    if let name = query.trigger {
      filter.trigger = try await existing(trigger: name, in: namespace).id
    } else {
      try await existing(namespace: namespace)
    }
    let wanted = filter
    let page = try await asking { try await store.tasks(wanted, request) }
    let now = now()
    return page.listing(of: list) { TaskInfo($0, at: now, isWhole: false) }
  }

  private static func state(_ name: String) throws(Problem) -> TaskState {
    guard let state = TaskState(name: name) else {
      let names = TaskState.allCases.map(\.name).joined(separator: ", ")
      throw Problem(
        .invalidParameter,
        "state must be one of \(names), not \"\(name.shortened)\"",
        field: "state"
      )
    }
    return state
  }

  package func task(_ id: String, in namespace: String) async throws(Problem) -> TaskInfo {
    TaskInfo(try await existing(task: id, in: namespace), at: now(), isWhole: true)
  }

  /// Submits one task, to run now or at a time.
  package func submitTask(
    in namespace: String,
    _ json: JSONValue,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) -> Creation<TaskInfo> {
    let body = try Body(json, TaskFields.submission)
    guard !(body.has("param") && body.has("paramBase64")) else {
      throw Problem(
        .invalidField,
        "paramBase64 and param exclude each other",
        field: "paramBase64"
      )
    }
    var submission = Submission(template: try TaskTemplate(body, in: namespace))
    submission.param = body.text("param").map { Array($0.utf8) } ?? body.bytes("paramBase64")
    submission.at = body.time("at")
    submission.idempotency = conditions.idempotency
    return try await submit(submission)
  }

  func submit(_ submission: Submission) async throws(Problem) -> Creation<TaskInfo> {
    let answer = try await asking { try await store.submit([submission]) }.first
    let namespace = submission.template.namespace
    switch answer {
    case .created(let id)?:
      return Creation(value: try await task(id.description, in: namespace), isNew: true)
    case .repeated(let id)?:
      return Creation(value: try await task(id.description, in: namespace), isNew: false)
    case .refused(let code)?: throw Problem(code, in: namespace)
    case nil: throw Problem(.internalError, "the store gave no answer")
    }
  }

  /// Asks for the end of a task. It is final at once unless some worker has it in hand.
  package func cancelTask(_ id: String, in namespace: String) async throws(Problem) -> TaskInfo {
    let detail = try await existing(task: id, in: namespace)
    if !detail.state.isFinal {
      _ = try await asking { try await store.command(detail.task.id, .cancel(.requested)) }
    }
    return try await task(id, in: namespace)
  }

  /// Holds back what has not started; a pause is lifted by `resumeTask`.
  package func pauseTask(_ id: String, in namespace: String) async throws(Problem) -> TaskInfo {
    try await holdTask(id, in: namespace, .pause, "only what has not started can be paused")
  }

  package func resumeTask(_ id: String, in namespace: String) async throws(Problem) -> TaskInfo {
    try await holdTask(id, in: namespace, .resume, "only what has not ended can be resumed")
  }

  private func holdTask(
    _ id: String,
    in namespace: String,
    _ event: SlotEvent,
    _ rule: String
  ) async throws(Problem) -> TaskInfo {
    let detail = try await existing(task: id, in: namespace)
    let verdicts = try await asking { try await store.command(detail.task.id, event) }
    let isDone = verdicts.contains { $0 == .moved || $0 == .refused(.alreadyDone) }
    let info = try await task(id, in: namespace)
    guard isDone else {
      throw Problem(.conflict, "the task is \(info.state); \(rule)")
    }
    return info
  }

  /// Runs a final task again: a new task that names the old one.
  package func retryTask(
    _ id: String,
    in namespace: String,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) -> Creation<TaskInfo> {
    let detail = try await existing(task: id, in: namespace)
    guard detail.state.isFinal else {
      throw Problem(.conflict, "the task is \(detail.state.name); only a final task can run again")
    }
    var submission = Submission(template: detail.task.template.value)
    submission.param = detail.task.ownParam
    submission.rerunOf = detail.task.id
    submission.idempotency = conditions.idempotency
    return try await submit(submission)
  }

  /// What the handler logged, oldest first.
  package func log(
    of id: String,
    in namespace: String,
    _ paging: Paging
  ) async throws(Problem) -> Listing<LogLineInfo> {
    let detail = try await existing(task: id, in: namespace)
    let list = "log \(detail.task.id)"
    let request = try paging.request(for: list)
    let page = try await asking { try await store.log(of: detail.task.id, request) }
    return page.listing(of: list, LogLineInfo.init)
  }
}
