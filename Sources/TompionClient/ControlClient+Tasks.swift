public import ControlAPI
import PlatformHTTP

// Tasks.
extension ControlClient {
  /// Tasks, newest first, without their runs and events.
  public func tasks(
    _ filter: TaskFilter = TaskFilter(),
    _ page: ListPage = ListPage()
  ) async throws(ControlClientError) -> Listing<TaskInfo> {
    try await send(
      call(.get, "tasks").asking("state", filter.state).asking("trigger", filter.trigger)
        .asking("handler", filter.handler).page(page)
    )
  }

  /// A task with its runs and events.
  public func task(_ id: String) async throws(ControlClientError) -> TaskInfo {
    try await send(call(.get, "tasks", id))
  }

  /// Submits one task; a repeat with the same `idempotencyKey` within a day gets the first answer.
  public func submitTask(
    _ spec: TaskSpec,
    idempotencyKey: String? = nil
  ) async throws(ControlClientError) -> TaskInfo {
    try await send(
      call(.post, "tasks").taking(spec).header("Idempotency-Key", idempotencyKey)
    )
  }

  /// Asks for the end of a task, which is final only once its worker gave it up.
  public func cancelTask(_ id: String) async throws(ControlClientError) -> TaskInfo {
    try await send(call(.post, "tasks", id, "cancel"))
  }

  /// Holds back what has not started.
  public func pauseTask(_ id: String) async throws(ControlClientError) -> TaskInfo {
    try await send(call(.post, "tasks", id, "pause"))
  }

  public func resumeTask(_ id: String) async throws(ControlClientError) -> TaskInfo {
    try await send(call(.post, "tasks", id, "resume"))
  }

  /// Runs a final task again, as a new task that names the old one.
  public func retryTask(
    _ id: String,
    idempotencyKey: String? = nil
  ) async throws(ControlClientError) -> TaskInfo {
    try await send(call(.post, "tasks", id, "retry").header("Idempotency-Key", idempotencyKey))
  }

  /// Why a task is where it is.
  public func why(_ id: String) async throws(ControlClientError) -> WhyInfo {
    try await send(call(.get, "tasks", id, "why"))
  }

  /// What the handler logged, oldest first.
  public func log(
    of id: String,
    _ page: ListPage = ListPage()
  ) async throws(ControlClientError) -> Listing<LogLineInfo> {
    try await send(call(.get, "tasks", id, "log").page(page))
  }
}
