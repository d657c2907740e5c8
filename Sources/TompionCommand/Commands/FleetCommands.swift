import ControlAPI
import TompionClient

/// `tompion worker …`, `tompion handler …` and `tompion namespace …`
enum FleetCommands {
  private static let worker = Operand("NAME", "The worker's name.")
  private static let namespace = Operand("NAME", "The namespace's name.")

  static let workers = Command(
    "worker",
    "Processes that run handlers.",
    [
      Command(
        "list",
        "Lists the workers that are connected.",
        options: Shared.paging + Shared.reading,
        example: "tompion worker list"
      ) { arguments, terminal in
        let list = try await arguments.client.workers(arguments.page())
        guard !arguments.isJSON else { return try terminal.done(json: list) }
        var table = Table("NAME", "APP", "STATE", "HANDLERS", "LABELS", "RUNS", "LAST HEARTBEAT")
        for worker in list.items {
          table.add(
            worker.name,
            worker.app,
            worker.state,
            worker.handlers.joined(separator: ","),
            worker.labels.shown,
            "\(worker.runs.count)/\(worker.capacity)",
            worker.lastHeartbeatAt
          )
        }
        terminal.say(table, next: list.nextCursor)
        return .done
      },
      Command(
        "show",
        "Shows a worker and what it has in hand.",
        operands: [worker],
        options: Shared.reading,
        example: "tompion worker show reports-1"
      ) { arguments, terminal in
        let worker = try await arguments.client.worker(arguments.operand("NAME"))
        guard !arguments.isJSON else { return try terminal.done(json: worker) }
        var sheet = Sheet()
        sheet.add("name", worker.name)
        sheet.add("app", worker.app)
        sheet.add("state", worker.state)
        sheet.add("host", "\(worker.host), process \(worker.processId)")
        sheet.add("peer", worker.peer)
        sheet.add("boot", worker.bootId)
        sheet.add("SDK", worker.sdkVersion)
        sheet.add("handlers", worker.handlers.joined(separator: ", "))
        sheet.add("labels", worker.labels.shown + " (\(worker.labelMatching))")
        sheet.add("runs", "\(worker.runs.count) of \(worker.capacity)")
        sheet.add("connected", worker.connectedAt)
        sheet.add("heartbeat", "\(worker.lastHeartbeatAt), lease \(worker.lease)")
        for run in worker.runs { sheet.add("run", run) }
        terminal.say(sheet.text)
        return .done
      },
      Command(
        "drain",
        "Asks a worker to finish what it has and to take no more.",
        operands: [worker],
        options: Shared.reading,
        example: "tompion worker drain reports-1"
      ) { arguments, terminal in
        let worker = try await arguments.client.drainWorker(arguments.operand("NAME"))
        guard !arguments.isJSON else { return try terminal.done(json: worker) }
        terminal.say("\(worker.name) is \(worker.state)")
        return .done
      },
    ]
  )

  static let handlers = Command(
    "handler",
    "What workers registered.",
    [
      Command(
        "list",
        "Lists the handlers that connected workers registered.",
        options: Shared.paging + Shared.reading,
        example: "tompion handler list"
      ) { arguments, terminal in
        let list = try await arguments.client.handlers(arguments.page())
        guard !arguments.isJSON else { return try terminal.done(json: list) }
        var table = Table("NAME", "WORKERS", "APPS")
        for handler in list.items {
          table.add(
            handler.name,
            handler.workers.joined(separator: ","),
            handler.apps.joined(separator: ",")
          )
        }
        terminal.say(table, next: list.nextCursor)
        return .done
      }
    ]
  )

  static let namespaces = Command(
    "namespace",
    "Spaces in which equal names never meet.",
    [
      Command(
        "create",
        "Creates a namespace.",
        operands: [namespace],
        options: [Option("description", "TEXT", "For people.")] + Shared.reading,
        example: "tompion namespace create staging --description 'Before release'"
      ) { arguments, terminal in
        let created = try await arguments.client.createNamespace(
          arguments.operand("NAME"),
          description: arguments["description"]
        )
        guard !arguments.isJSON else { return try terminal.done(json: created) }
        terminal.say("created \(created.name)")
        return .done
      },
      Command(
        "list",
        "Lists the namespaces.",
        options: Shared.paging + Shared.reading,
        example: "tompion namespace list"
      ) { arguments, terminal in
        let list = try await arguments.client.namespaces(arguments.page())
        guard !arguments.isJSON else { return try terminal.done(json: list) }
        var table = Table("NAME", "CREATED", "DESCRIPTION")
        for namespace in list.items {
          table.add(namespace.name, namespace.createdAt, namespace.description)
        }
        terminal.say(table, next: list.nextCursor)
        return .done
      },
      Command(
        "delete",
        "Deletes a namespace that is not in use.",
        operands: [namespace],
        options: Shared.connection,
        example: "tompion namespace delete staging"
      ) { arguments, terminal in
        try await arguments.client.deleteNamespace(arguments.operand("NAME"))
        terminal.say("deleted \(arguments.operand("NAME"))")
        return .done
      },
    ]
  )
}
