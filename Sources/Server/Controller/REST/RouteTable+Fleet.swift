import ControlAPI
import Engine
import PlatformHTTP

extension RouteTable {
  static let stateNames = TaskState.allCases.map(\.name)

  static func fleet(_ controller: Controller) -> [Route] {
    let workers = root + "/{ns}/workers"
    return [
      Route(.get, workers, "listWorkers", "Lists the workers that are connected.") {
        request throws(Problem) in
        try .json(try await controller.workers(in: request.namespace, request.paging))
      }.taking(QueryParameter.paging).answering(200, "A part.", Listing<WorkerInfo>.self),
      Route(.get, workers + "/{name}", "getWorker", "Shows a worker.") { request throws(Problem) in
        try .json(try await controller.worker(request["name"], in: request.namespace))
      }.answering(200, "The worker.", WorkerInfo.self),
      Route(
        .post,
        workers + "/{name}/drain",
        "drainWorker",
        "Asks a worker to finish what it has and to take no more."
      ) { request throws(Problem) in
        try .json(
          try await controller.drainWorker(request["name"], in: request.namespace),
          status: 202
        )
      }.taking(.optional([])).answering(202, "It was asked.", WorkerInfo.self),
      Route(.get, root + "/{ns}/handlers", "listHandlers", "Lists what workers registered.") {
        request throws(Problem) in
        try .json(try await controller.handlers(in: request.namespace, request.paging))
      }.taking(QueryParameter.paging).answering(200, "A part.", Listing<HandlerInfo>.self),
      Route(.get, root + "/{ns}/queues", "listQueues", "Lists the queues in memory.") {
        request throws(Problem) in
        try .json(try await controller.queues(in: request.namespace, request.paging))
      }.taking(QueryParameter.paging).answering(200, "A part.", Listing<QueueInfo>.self),
    ]
  }

  static func events(_ controller: Controller, _ source: any EventSource) -> Route {
    Route(
      .get,
      root + "/{ns}/events",
      "followEvents",
      "Every state change as server-sent events; resumable by Last-Event-ID or after."
    ) { request throws(Problem) in
      try await controller.existing(namespace: request.namespace)
      let feed = try await EventFeed(request, controller.store, source)
      return HTTPResponse(
        status: 200,
        headers: ["Content-Type": "text/event-stream"],
        body: .stream(feed)
      )
    }.taking([
      QueryParameter(
        name: "after",
        kind: .integer(0...Int(Int64.max)),
        summary: "Only changes with a larger sequence; from now on unless given."
      ),
      QueryParameter(name: "task", kind: .text(most: 36), summary: "Only changes of this task."),
    ]).answering(200, "A stream of EventInfo.", mediaType: "text/event-stream")
  }

  static func operations(
    _ controller: Controller,
    _ configuration: RESTInterface.Configuration
  ) -> [Route] {
    [
      Route(.get, "/healthz", "getHealth", "How the server is.") { _ throws(Problem) in
        let health = await controller.health(version: configuration.version)
        return try .json(health)
      }.answering(200, "It runs; status tells how well.", HealthInfo.self),
      Route(.get, "/readyz", "getReadiness", "Whether the server takes work.") {
        _ throws(Problem) in
        var reason = await configuration.unreadiness()
        if reason == nil { reason = await controller.trouble() }
        return try .json(
          ReadinessInfo(ready: reason == nil, reason: reason),
          status: reason == nil ? 200 : 503
        )
      }.answering(200, "It does.", ReadinessInfo.self)
        .answering(503, "It does not; reason tells why.", ReadinessInfo.self),
      Route(.get, "/metrics", "getMetrics", "Metrics in Prometheus' text format.") {
        _ throws(Problem) in
        let metrics = configuration.metrics()
        return HTTPResponse(
          status: 200,
          headers: ["Content-Type": metrics.contentType],
          body: .bytes(Array(metrics.text.utf8))
        )
      }.answering(200, "The metrics.", mediaType: "text/plain"),
    ]
  }

  /// The document that describes `routes` and itself.
  static func openAPI(describing routes: [Route], version: String) -> Route {
    let path = "/openapi.json"
    let name = "getDescription"
    let summary = "This description of the interface."
    let itself = Route(.get, path, name, summary) { _ throws(Problem) in
      throw Problem(.internalError, "the description is only complete in its own route")
    }.answering(200, "The description.", mediaType: "application/json")
    let document = OpenAPIDocument.bytes(of: routes + [itself], version: version)
    return Route(.get, path, name, summary) { _ throws(Problem) in
      HTTPResponse(
        status: 200,
        headers: ["Content-Type": "application/json", "Cache-Control": "no-cache"],
        body: .bytes(document)
      )
    }.answering(200, "The description.", mediaType: "application/json")
  }
}
