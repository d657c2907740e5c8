import ControlAPI
import TompionClient

/// `tompion task …`
enum TaskCommands {
  static let id = Operand("ID", "The task's identifier.")

  static let group = Command(
    "task",
    "What one fire, or one submission, asked for.",
    [
      submit, list, show, cancel, retry, pause, resume, WatchCommand.command, why, log,
    ]
  )

  private static let submit = Command(
    "submit",
    "Submits one task, to run now or at a time.",
    options: [
      TriggerOptions.handler,
      Option("at", "TIME", "When it is to run (RFC 3339).").standard("now"),
    ] + TriggerOptions.work + [Shared.key] + Shared.reading,
    example: "tompion task submit --handler report --param 2026-12-24"
  ) { arguments, terminal in
    let task = try await arguments.client.submitTask(
      try TriggerOptions.taskSpec(arguments),
      idempotencyKey: arguments["idempotency-key"]
    )
    guard !arguments.isJSON else { return try terminal.done(json: task) }
    terminal.say(task.id)
    return .done
  }

  private static let list = Command(
    "list",
    "Lists tasks, newest first.",
    options: [
      Option("state", "STATE", "Only tasks in this state.").choices([
        "Created", "WaitingToRun", "Running", "RunToCompletion", "Faulted", "Canceled",
      ]),
      Option("trigger", "NAME", "Only tasks of the trigger."),
      Option("handler", "NAME", "Only tasks for the handler."),
    ] + Shared.paging + Shared.reading,
    example: "tompion task list --state Faulted"
  ) { arguments, terminal in
    let filter = TaskFilter(
      state: arguments["state"],
      trigger: arguments["trigger"],
      handler: arguments["handler"]
    )
    let list = try await arguments.client.tasks(filter, arguments.page())
    guard !arguments.isJSON else { return try terminal.done(json: list) }
    var table = Table("ID", "HANDLER", "TRIGGER", "STATE", "NOMINAL TIME", "STARTED", "ENDED")
    for task in list.items {
      table.add(
        task.id,
        task.handler,
        task.trigger,
        task.state,
        task.nominalAt,
        task.startedAt,
        task.endedAt
      )
    }
    terminal.say(table, next: list.nextCursor)
    return .done
  }

  private static let show = Command(
    "show",
    "Shows a task with its shards and runs.",
    operands: [id],
    options: Shared.reading,
    example: "tompion task show 01943d7e-3c00-7000-8000-000000000001"
  ) { arguments, terminal in
    try say(try await arguments.client.task(arguments.operand("ID")), arguments, terminal)
  }

  private static let cancel = Command(
    "cancel",
    "Asks for the end of a task.",
    operands: [id],
    options: Shared.reading,
    example: "tompion task cancel 01943d7e-3c00-7000-8000-000000000001",
    notes: ["A task that a worker has in hand ends when the worker gave it up, or 30s later."]
  ) { arguments, terminal in
    let task = try await arguments.client.cancelTask(arguments.operand("ID"))
    guard !arguments.isJSON else { return try terminal.done(json: task) }
    terminal.say(task.isFinal ? "the task is \(task.state)" : "its worker was asked to stop it")
    return .done
  }

  private static let retry = Command(
    "retry",
    "Runs a final task again: a new task that names the old one.",
    operands: [id],
    options: [Shared.key] + Shared.reading,
    example: "tompion task retry 01943d7e-3c00-7000-8000-000000000001"
  ) { arguments, terminal in
    let task = try await arguments.client.retryTask(
      arguments.operand("ID"),
      idempotencyKey: arguments["idempotency-key"]
    )
    guard !arguments.isJSON else { return try terminal.done(json: task) }
    terminal.say(task.id)
    return .done
  }

  private static let pause = Command(
    "pause",
    "Holds back what has not started.",
    operands: [id],
    options: Shared.reading,
    example: "tompion task pause 01943d7e-3c00-7000-8000-000000000001"
  ) { arguments, terminal in
    try say(try await arguments.client.pauseTask(arguments.operand("ID")), arguments, terminal)
  }

  private static let resume = Command(
    "resume",
    "Lifts a pause.",
    operands: [id],
    options: Shared.reading,
    example: "tompion task resume 01943d7e-3c00-7000-8000-000000000001"
  ) { arguments, terminal in
    try say(try await arguments.client.resumeTask(arguments.operand("ID")), arguments, terminal)
  }

  private static let why = Command(
    "why",
    "Says why a task is where it is.",
    operands: [id],
    options: Shared.reading,
    example: "tompion task why 01943d7e-3c00-7000-8000-000000000001"
  ) { arguments, terminal in
    let why = try await arguments.client.why(arguments.operand("ID"))
    guard !arguments.isJSON else { return try terminal.done(json: why) }
    terminal.say("the task is \(why.state)")
    let shards = Set(why.reasons.map(\.shard)).count
    for reason in why.reasons {
      terminal.say((shards > 1 ? "shard \(reason.shard): " : "") + reason.text.printable)
    }
    return .done
  }

  private static let log = Command(
    "log",
    "Shows what the handler logged, oldest first.",
    operands: [id],
    options: Shared.paging + Shared.reading,
    example: "tompion task log 01943d7e-3c00-7000-8000-000000000001"
  ) { arguments, terminal in
    let list = try await arguments.client.log(of: arguments.operand("ID"), arguments.page())
    guard !arguments.isJSON else { return try terminal.done(json: list) }
    for line in list.items {
      let facts = line.metadata.isEmpty ? "" : " " + line.metadata.shown
      terminal.say("\(line.at) \(line.level) [\(line.shard)] \(line.message)\(facts)".printable)
    }
    if let next = list.nextCursor { terminal.complain("there is more: --cursor \(next)") }
    return .done
  }

  private static func say(
    _ task: TaskInfo,
    _ arguments: Arguments,
    _ terminal: Terminal
  ) throws -> CommandStatus {
    guard !arguments.isJSON else { return try terminal.done(json: task) }
    var sheet = Sheet()
    sheet.add("id", task.id)
    sheet.add("namespace", task.namespace)
    sheet.add("handler", task.handler)
    sheet.add("trigger", task.trigger)
    sheet.add("state", task.state)
    sheet.add("nominal time", task.nominalAt)
    sheet.add("created", task.createdAt)
    sheet.add("started", task.startedAt)
    sheet.add("ended", task.endedAt)
    sheet.add("missed fires", task.missed.map(String.init))
    sheet.add("rerun of", task.rerunOf)
    sheet.add("labels", task.labels.shown)
    sheet.add("param", task.param?.text ?? task.param?.base64.map { "base64:\($0)" })
    terminal.say(sheet.text + "\n")
    terminal.say(shards(of: task).text)
    let runs = runs(of: task)
    if let runs { terminal.say("\n" + runs.text) }
    return .done
  }

  private static func shards(of task: TaskInfo) -> Table {
    var table = Table("SHARD", "STATE", "PHASE", "REASON", "ATTEMPTS", "WORKER", "RESULT")
    for shard in task.shards {
      table.add(
        "\(shard.shard)",
        shard.state,
        shard.phase,
        shard.reason ?? (shard.phase == "delayed" ? shard.readyAt : nil),
        "\(shard.attempts)",
        shard.worker,
        shard.result?.text ?? shard.result?.base64
      )
    }
    return table
  }

  private static func runs(of task: TaskInfo) -> Table? {
    guard task.shards.contains(where: { $0.runs?.isEmpty == false }) else { return nil }
    var table = Table("RUN", "WORKER", "STARTED", "ENDED", "OUTCOME", "MESSAGE")
    for run in task.shards.flatMap({ $0.runs ?? [] }) {
      table.add(
        run.runInstanceId,
        run.worker,
        run.startedAt,
        run.endedAt,
        run.outcome,
        run.message
      )
    }
    return table
  }
}
