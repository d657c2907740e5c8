import ControlAPI

/// One method of the control service: what the controller does for it.
struct ControlMethod: Sendable {
  let name: String
  private let answer: @Sendable (Controller, ControlRequest) async throws -> JSONValue

  /// `perform` throws nothing but problems.
  init<Answer: Encodable & Sendable>(
    _ name: String,
    _ perform: @escaping @Sendable (Controller, ControlRequest) async throws -> Answer
  ) {
    self.name = name
    answer = { try JSONValue(encoding: try await perform($0, $1)) }
  }

  func perform(
    _ controller: Controller,
    _ request: ControlRequest
  ) async throws(Problem) -> JSONValue {
    do {
      return try await answer(controller, request)
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.internalError, "\(name) failed: \(error)")
    }
  }
}

/// An answer that says only that it was done.
private struct Done: Encodable, Sendable {}

extension ControlMethod {
  /// Every method but the two that submit tasks.
  static let all = namespaces + triggers + fires + tasks + fleet

  private static let namespaces = [
    ControlMethod("ListNamespaces") { try await $0.namespaces($1.paging) },
    ControlMethod("GetNamespace") { try await $0.namespace($1.name) },
    ControlMethod("CreateNamespace") {
      try await $0.createNamespace($1.creation, $1.conditions).value
    },
    ControlMethod("UpdateNamespace") {
      try await $0.putNamespace($1.name, $1.body, $1.conditions).value
    },
    ControlMethod("DeleteNamespace") { controller, request in
      try await controller.deleteNamespace(request.name, request.conditions)
      return Done()
    },
  ]

  private static let triggers = [
    ControlMethod("ListTriggers") { try await $0.triggers(in: $1.namespace, $1.paging) },
    ControlMethod("GetTrigger") { try await $0.trigger($1.name, in: $1.namespace) },
    ControlMethod("CreateTrigger") {
      try await $0.createTrigger(in: $1.namespace, $1.creation, $1.conditions).value
    },
    ControlMethod("UpdateTrigger") {
      try await $0.putTrigger($1.name, in: $1.namespace, $1.body, $1.conditions).value
    },
    ControlMethod("PatchTrigger") {
      try await $0.patchTrigger($1.name, in: $1.namespace, $1.patch, $1.conditions)
    },
    ControlMethod("DeleteTrigger") { controller, request in
      try await controller.deleteTrigger(request.name, in: request.namespace, request.conditions)
      return Done()
    },
    ControlMethod("SetTriggerOnline") {
      try await $0.switchTrigger($1.name, in: $1.namespace, online: true, $1.conditions)
    },
    ControlMethod("SetTriggerOffline") {
      try await $0.switchTrigger($1.name, in: $1.namespace, online: false, $1.conditions)
    },
  ]

  private static let fires = [
    ControlMethod("FireTrigger") {
      try await $0.fire($1.name, in: $1.namespace, $1.body, $1.conditions).value
    },
    ControlMethod("PreviewTrigger") {
      try await $0.preview(trigger: $1.name, in: $1.namespace, $1.body)
    },
    ControlMethod("BackfillTrigger") { try await $0.backfill($1.name, in: $1.namespace, $1.body) },
    ControlMethod("ListFires") { try await $0.fires(of: $1.name, in: $1.namespace, $1.paging) },
    ControlMethod("Preview") { try await $0.preview($1.body) },
  ]

  private static let tasks = [
    ControlMethod("ListTasks") { controller, request in
      let query = TaskQuery(
        trigger: request.text("trigger"),
        handler: request.text("handler"),
        state: request.text("state")
      )
      return try await controller.tasks(in: request.namespace, query, request.paging)
    },
    ControlMethod("GetTask") { try await $0.task($1.id, in: $1.namespace) },
    ControlMethod("CancelTask") { try await $0.cancelTask($1.id, in: $1.namespace) },
    ControlMethod("PauseTask") { try await $0.pauseTask($1.id, in: $1.namespace) },
    ControlMethod("ResumeTask") { try await $0.resumeTask($1.id, in: $1.namespace) },
    ControlMethod("RetryTask") {
      try await $0.retryTask($1.id, in: $1.namespace, $1.conditions).value
    },
    ControlMethod("ExplainTask") { try await $0.why($1.id, in: $1.namespace) },
    ControlMethod("ListTaskLog") { try await $0.log(of: $1.id, in: $1.namespace, $1.paging) },
  ]

  private static let fleet = [
    ControlMethod("ListHandlers") { try await $0.handlers(in: $1.namespace, $1.paging) },
    ControlMethod("ListWorkers") { try await $0.workers(in: $1.namespace, $1.paging) },
    ControlMethod("GetWorker") { try await $0.worker($1.name, in: $1.namespace) },
    ControlMethod("DrainWorker") { try await $0.drainWorker($1.name, in: $1.namespace) },
    ControlMethod("ListQueues") { try await $0.queues(in: $1.namespace, $1.paging) },
  ]
}
