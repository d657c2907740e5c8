public import ControlAPI
import PlatformHTTP

// Namespaces, workers, handlers, queues, and the server itself.
extension ControlClient {
  public func namespaces(
    _ page: ListPage = ListPage()
  ) async throws(ControlClientError) -> Listing<NamespaceInfo> {
    try await send(Call(.get, ["namespaces"]).page(page))
  }

  public func namespace(_ name: String) async throws(ControlClientError) -> NamespaceInfo {
    try await send(Call(.get, ["namespaces", name]))
  }

  public func createNamespace(
    _ name: String,
    description: String? = nil,
    idempotencyKey: String? = nil
  ) async throws(ControlClientError) -> NamespaceInfo {
    try await send(
      Call(.post, ["namespaces"]).taking(NamespaceSpec(name: name, description: description))
        .header("Idempotency-Key", idempotencyKey)
    )
  }

  /// Replaces a namespace's description, or creates the namespace.
  public func putNamespace(
    _ name: String,
    description: String,
    revision: Int64? = nil
  ) async throws(ControlClientError) -> NamespaceInfo {
    try await send(
      Call(.put, ["namespaces", name]).taking(NamespaceSpec(description: description))
        .header("If-Match", revision.map { "\"\($0)\"" })
    )
  }

  /// Deletes a namespace that is not in use.
  public func deleteNamespace(_ name: String) async throws(ControlClientError) {
    try await send(Call(.delete, ["namespaces", name]))
  }

  public func workers(
    _ page: ListPage = ListPage()
  ) async throws(ControlClientError) -> Listing<WorkerInfo> {
    try await send(call(.get, "workers").page(page))
  }

  public func worker(_ name: String) async throws(ControlClientError) -> WorkerInfo {
    try await send(call(.get, "workers", name))
  }

  /// Asks a worker to finish what it has and to take no more.
  public func drainWorker(_ name: String) async throws(ControlClientError) -> WorkerInfo {
    try await send(call(.post, "workers", name, "drain"))
  }

  public func handlers(
    _ page: ListPage = ListPage()
  ) async throws(ControlClientError) -> Listing<HandlerInfo> {
    try await send(call(.get, "handlers").page(page))
  }

  public func queues(
    _ page: ListPage = ListPage()
  ) async throws(ControlClientError) -> Listing<QueueInfo> {
    try await send(call(.get, "queues").page(page))
  }

  public func health() async throws(ControlClientError) -> HealthInfo {
    try HealthInfo.decoded(from: try await sendOperational("healthz").body)
  }

  public func readiness() async throws(ControlClientError) -> ReadinessInfo {
    try ReadinessInfo.decoded(from: try await sendOperational("readyz").body)
  }
}
