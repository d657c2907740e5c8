import ControlAPI
import PlatformHTTP

/// Every route there is.
enum RouteTable {
  static func routes(
    _ controller: Controller,
    _ events: any EventSource,
    _ configuration: RESTInterface.Configuration
  ) -> [Route] {
    namespaces(controller) + triggers(controller) + fires(controller) + tasks(controller)
      + taskActions(controller) + fleet(controller) + [RouteTable.events(controller, events)]
      + operations(controller, configuration)
  }

  static let root = "/api/v1/namespaces"
  private static let triggers = root + "/{ns}/triggers"
  private static let tasks = root + "/{ns}/tasks"

  private static func namespaces(_ controller: Controller) -> [Route] {
    [
      Route(.get, root, "listNamespaces", "Lists the namespaces.") { request throws(Problem) in
        try .json(try await controller.namespaces(request.paging))
      }.taking(QueryParameter.paging).answering(200, "A part.", Listing<NamespaceInfo>.self),
      Route(.post, root, "createNamespace", "Creates a namespace.") { request throws(Problem) in
        try .namespace(
          try await controller.createNamespace(request.json, request.conditions),
          isPost: true
        )
      }.taking(.object(NamespaceFields.creation)).repeatable()
        .answering(201, "Created.", NamespaceInfo.self),
      Route(.get, root + "/{ns}", "getNamespace", "Shows a namespace.") { request throws(Problem) in
        try .namespace(try await controller.namespace(request.namespace))
      }.answering(200, "The namespace.", NamespaceInfo.self),
      Route(.put, root + "/{ns}", "putNamespace", "Replaces or creates a namespace.") {
        request throws(Problem) in
        try .namespace(
          try await controller.putNamespace(request.namespace, request.json, request.conditions),
          isPost: false
        )
      }.taking(.object(NamespaceFields.replacement)).conditional()
        .answering(200, "Replaced.", NamespaceInfo.self)
        .answering(201, "Created.", NamespaceInfo.self),
      Route(.delete, root + "/{ns}", "deleteNamespace", "Deletes a namespace not in use.") {
        request throws(Problem) in
        try await controller.deleteNamespace(request.namespace, request.conditions)
        return HTTPResponse(status: 204)
      }.conditional().answering(204, "Deleted."),
    ]
  }

  private static func triggers(_ controller: Controller) -> [Route] {
    [
      Route(.get, triggers, "listTriggers", "Lists the triggers.") { request throws(Problem) in
        try .json(try await controller.triggers(in: request.namespace, request.paging))
      }.taking(QueryParameter.paging).answering(200, "A part.", Listing<TriggerInfo>.self),
      Route(.post, triggers, "createTrigger", "Creates a trigger.") { request throws(Problem) in
        try .trigger(
          try await controller.createTrigger(
            in: request.namespace,
            request.json,
            request.conditions
          ),
          isPost: true
        )
      }.taking(.object(TriggerFields.creation)).repeatable()
        .answering(201, "Created.", TriggerInfo.self),
      Route(.get, triggers + "/{name}", "getTrigger", "Shows a trigger.") {
        request throws(Problem) in
        try .trigger(try await controller.trigger(request["name"], in: request.namespace))
      }.answering(200, "The trigger.", TriggerInfo.self),
      Route(.put, triggers + "/{name}", "putTrigger", "Replaces or creates a trigger.") {
        request throws(Problem) in
        try .trigger(
          try await controller.putTrigger(
            request["name"],
            in: request.namespace,
            request.json,
            request.conditions
          ),
          isPost: false
        )
      }.taking(.object(TriggerFields.replacement)).conditional()
        .answering(200, "Replaced.", TriggerInfo.self).answering(201, "Created.", TriggerInfo.self),
      Route(.patch, triggers + "/{name}", "patchTrigger", "Applies a merge patch (RFC 7396).") {
        request throws(Problem) in
        try .trigger(
          try await controller.patchTrigger(
            request["name"],
            in: request.namespace,
            request.json,
            request.conditions
          )
        )
      }.taking(.patch(TriggerFields.replacement)).conditional()
        .answering(200, "Changed.", TriggerInfo.self),
      Route(.delete, triggers + "/{name}", "deleteTrigger", "Deletes a trigger.") {
        request throws(Problem) in
        try await controller.deleteTrigger(
          request["name"],
          in: request.namespace,
          request.conditions
        )
        return HTTPResponse(status: 204)
      }.conditional().answering(204, "Deleted; what waited is canceled, what runs may finish."),
    ] + [true, false].map { online in switching(controller, online: online) }
  }

  private static func switching(_ controller: Controller, online: Bool) -> Route {
    let word = online ? "online" : "offline"
    return Route(
      .post,
      triggers + "/{name}/\(word)",
      online ? "bringTriggerOnline" : "takeTriggerOffline",
      "Switches a trigger \(online ? "on; it plans from now" : "off")."
    ) { request throws(Problem) in
      try .trigger(
        try await controller.switchTrigger(
          request["name"],
          in: request.namespace,
          online: online,
          request.conditions
        )
      )
    }.taking(.optional([])).conditional().answering(200, "It is \(word).", TriggerInfo.self)
  }

  private static func fires(_ controller: Controller) -> [Route] {
    [
      Route(
        .post,
        triggers + "/{name}/fire",
        "fireTrigger",
        "Makes one task by hand, now, whatever the schedule and the overlap policy say."
      ) { request throws(Problem) in
        try .task(
          try await controller.fire(
            request["name"],
            in: request.namespace,
            request.json,
            request.conditions
          )
        )
      }.taking(.optional(TriggerFields.fire)).repeatable()
        .answering(201, "The task.", TaskInfo.self),
      Route(.post, triggers + "/{name}/preview", "previewTrigger", "Says when it will fire.") {
        request throws(Problem) in
        try .json(
          try await controller.preview(
            trigger: request["name"],
            in: request.namespace,
            request.json
          )
        )
      }.taking(.optional(TriggerFields.ownPreview)).answering(200, "Fires.", PreviewInfo.self),
      Route(
        .post,
        triggers + "/{name}/backfill",
        "backfillTrigger",
        "Makes a task for each nominal time of a stretch that has none; at most 1,000."
      ) { request throws(Problem) in
        try .json(
          try await controller.backfill(request["name"], in: request.namespace, request.json)
        )
      }.taking(.object(TriggerFields.backfill)).answering(200, "What was done.", BackfillInfo.self),
      Route(
        .get,
        triggers + "/{name}/fires",
        "listFires",
        "The ledger, newest first: one row per nominal time, with the reason."
      ) { request throws(Problem) in
        try .json(
          try await controller.fires(of: request["name"], in: request.namespace, request.paging)
        )
      }.taking(QueryParameter.paging).answering(200, "A part.", Listing<FireInfo>.self),
      Route(.post, "/api/v1/preview", "previewSchedule", "Says when an expression fires.") {
        request throws(Problem) in
        try .json(try await controller.preview(request.json))
      }.taking(.object(TriggerFields.preview)).answering(200, "Fires.", PreviewInfo.self),
    ]
  }

  private static func tasks(_ controller: Controller) -> [Route] {
    [
      Route(.get, tasks, "listTasks", "Lists tasks, newest first.") { request throws(Problem) in
        let query = TaskQuery(
          trigger: request.query("trigger"),
          handler: request.query("handler"),
          state: request.query("state")
        )
        return try .json(
          try await controller.tasks(in: request.namespace, query, request.paging)
        )
      }.taking(taskFilters + QueryParameter.paging)
        .answering(200, "A part.", Listing<TaskInfo>.self),
      Route(.post, tasks, "submitTask", "Submits one task, to run now or at a time.") {
        request throws(Problem) in
        try .task(
          try await controller.submitTask(in: request.namespace, request.json, request.conditions)
        )
      }.taking(.object(TaskFields.submission)).repeatable()
        .answering(201, "The task.", TaskInfo.self),
      Route(.get, tasks + "/{id}", "getTask", "Shows a task with its runs and events.") {
        request throws(Problem) in
        try .json(try await controller.task(request["id"], in: request.namespace))
      }.answering(200, "The task.", TaskInfo.self),
      Route(.get, tasks + "/{id}/why", "explainTask", "Says why a task is where it is.") {
        request throws(Problem) in
        try .json(try await controller.why(request["id"], in: request.namespace))
      }.answering(200, "The reasons.", WhyInfo.self),
      Route(.get, tasks + "/{id}/log", "getTaskLog", "What the handler logged, oldest first.") {
        request throws(Problem) in
        try .json(
          try await controller.log(of: request["id"], in: request.namespace, request.paging)
        )
      }.taking(QueryParameter.paging).answering(200, "A part.", Listing<LogLineInfo>.self),
    ]
  }

  private static let taskFilters = [
    QueryParameter(name: "state", kind: .choice(stateNames), summary: "Only tasks in this state."),
    QueryParameter(name: "trigger", kind: .name, summary: "Only tasks of the trigger."),
    QueryParameter(name: "handler", kind: .name, summary: "Only tasks for the handler."),
  ]

  private static func taskActions(_ controller: Controller) -> [Route] {
    [
      Route(.post, tasks + "/{id}/cancel", "cancelTask", "Asks for the end of a task.") {
        request throws(Problem) in
        let task = try await controller.cancelTask(request["id"], in: request.namespace)
        return try .json(task, status: task.isFinal ? 200 : 202)
      }.taking(.optional([])).answering(200, "It is final.", TaskInfo.self)
        .answering(202, "Its worker was asked to stop it.", TaskInfo.self),
      Route(.post, tasks + "/{id}/pause", "pauseTask", "Holds back what has not started.") {
        request throws(Problem) in
        try .json(try await controller.pauseTask(request["id"], in: request.namespace))
      }.taking(.optional([])).answering(200, "The task.", TaskInfo.self),
      Route(.post, tasks + "/{id}/resume", "resumeTask", "Lifts a pause.") {
        request throws(Problem) in
        try .json(try await controller.resumeTask(request["id"], in: request.namespace))
      }.taking(.optional([])).answering(200, "The task.", TaskInfo.self),
      Route(
        .post,
        tasks + "/{id}/retry",
        "retryTask",
        "Runs a final task again: a new task that names the old one."
      ) { request throws(Problem) in
        try .task(
          try await controller.retryTask(
            request["id"],
            in: request.namespace,
            request.conditions
          )
        )
      }.taking(.optional([])).repeatable().answering(201, "The new task.", TaskInfo.self),
    ]
  }
}
