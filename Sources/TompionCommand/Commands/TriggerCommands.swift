import ControlAPI
import TompionClient

/// `tompion trigger …`
enum TriggerCommands {
  private static let name = Operand("NAME", "The trigger's name.")

  static let group = Command(
    "trigger",
    "Rules that say when work is due.",
    [
      create, list, show, update, delete, online, offline, fire, preview, history, backfill,
    ]
  )

  private static let create = Command(
    "create",
    "Creates a trigger.",
    operands: [name],
    options: [TriggerOptions.handler, TriggerOptions.schedule] + TriggerOptions.timing
      + TriggerOptions.work + TriggerOptions.policies + [Shared.key] + Shared.reading,
    example: "tompion trigger create nightly --handler report --schedule '0 3 * * *'"
      + " --time-zone Europe/Berlin"
  ) { arguments, terminal in
    let trigger = try await arguments.client.createTrigger(
      arguments.operand("NAME"),
      try TriggerOptions.spec(arguments),
      idempotencyKey: arguments["idempotency-key"]
    )
    return try say(trigger, arguments, terminal)
  }

  private static let list = Command(
    "list",
    "Lists the triggers.",
    options: Shared.paging + Shared.reading,
    example: "tompion trigger list --output json"
  ) { arguments, terminal in
    let list = try await arguments.client.triggers(arguments.page())
    guard !arguments.isJSON else { return try terminal.done(json: list) }
    var table = Table("NAME", "HANDLER", "SCHEDULE", "ZONE", "ONLINE", "NEXT FIRE", "FIRES")
    for trigger in list.items {
      table.add(
        trigger.name,
        trigger.spec.handler,
        trigger.spec.schedule,
        trigger.spec.timeZone,
        trigger.spec.online == false ? "no" : "yes",
        trigger.state.nextFireAt,
        "\(trigger.state.fires)"
      )
    }
    terminal.say(table, next: list.nextCursor)
    return .done
  }

  private static let show = Command(
    "show",
    "Shows a trigger.",
    operands: [name],
    options: Shared.reading,
    example: "tompion trigger show nightly"
  ) { arguments, terminal in
    try say(try await arguments.client.trigger(arguments.operand("NAME")), arguments, terminal)
  }

  private static let update = Command(
    "update",
    "Changes what is named; the rest stays as it is.",
    operands: [name],
    options: [TriggerOptions.handler, TriggerOptions.schedule] + TriggerOptions.timing
      + TriggerOptions.work + TriggerOptions.policies + Shared.reading,
    example: "tompion trigger update nightly --schedule '30 3 * * *'",
    notes: ["Defaults above are those of a new trigger; update leaves out what is not given."]
  ) { arguments, terminal in
    let client = arguments.client
    let current = try await client.trigger(arguments.operand("NAME"))
    let changed = try await client.patchTrigger(
      current.name,
      try TriggerOptions.spec(arguments, current: current.spec),
      revision: current.state.revision
    )
    return try say(changed, arguments, terminal)
  }

  private static let delete = Command(
    "delete",
    "Deletes a trigger: what waits is canceled, what runs may finish.",
    operands: [name],
    options: Shared.connection,
    example: "tompion trigger delete nightly"
  ) { arguments, terminal in
    try await arguments.client.deleteTrigger(arguments.operand("NAME"))
    terminal.say("deleted \(arguments.operand("NAME"))")
    return .done
  }

  private static let online = Command(
    "online",
    "Switches a trigger on; it plans from now.",
    operands: [name],
    options: Shared.reading,
    example: "tompion trigger online nightly"
  ) { arguments, terminal in
    let trigger = try await arguments.client.bringTriggerOnline(arguments.operand("NAME"))
    return try say(trigger, arguments, terminal)
  }

  private static let offline = Command(
    "offline",
    "Switches a trigger off.",
    operands: [name],
    options: Shared.reading,
    example: "tompion trigger offline nightly"
  ) { arguments, terminal in
    let trigger = try await arguments.client.takeTriggerOffline(arguments.operand("NAME"))
    return try say(trigger, arguments, terminal)
  }

  private static let fire = Command(
    "fire",
    "Makes one task now, whatever the schedule and the overlap policy say.",
    operands: [name],
    options: [
      Option("param", "TEXT", "The parameter of this one task.").standard("the trigger's"),
      Shared.key,
    ] + Shared.reading,
    example: "tompion trigger fire nightly --param 2026-12-24"
  ) { arguments, terminal in
    let task = try await arguments.client.fireTrigger(
      arguments.operand("NAME"),
      param: arguments["param"],
      idempotencyKey: arguments["idempotency-key"]
    )
    guard !arguments.isJSON else { return try terminal.done(json: task) }
    terminal.say(task.id)
    return .done
  }

  private static let preview = Command(
    "preview",
    "Says when a trigger, or an expression, will fire; nothing is stored.",
    operands: [Operand("NAME", "The trigger's name; or give --schedule.", optional: true)],
    options: [
      TriggerOptions.schedule,
      Option("count", "N", "How many fires, 1 to 1000.").standard("10"),
      Option("after", "TIME", "Fires strictly after this instant (RFC 3339).").standard("now"),
    ] + TriggerOptions.timing + Shared.reading,
    example: "tompion trigger preview --schedule '30 2 * * *' --time-zone Europe/Berlin"
  ) { arguments, terminal in
    let preview = try await fires(arguments)
    guard !arguments.isJSON else { return try terminal.done(json: preview) }
    var table = Table("AT", "LOCAL (\(preview.timeZone))")
    for fire in preview.fires { table.add(fire.at, fire.local) }
    terminal.say(table, next: nil)
    return .done
  }

  private static func fires(_ arguments: Arguments) async throws -> PreviewInfo {
    let name = arguments.operand("NAME")
    let count = try arguments.integer("count")
    switch (name.isEmpty, arguments["schedule"]) {
    case (false, nil):
      return try await arguments.client.previewTrigger(
        name,
        count: count ?? 10,
        after: arguments["after"]
      )
    case (true, let schedule?):
      var spec = PreviewSpec(schedule: schedule)
      spec.timeZone = arguments["time-zone"]
      spec.start = arguments["start"]
      spec.end = arguments["end"]
      spec.repeats = try arguments.integer("repeats")
      spec.after = arguments["after"]
      spec.count = count
      return try await arguments.client.preview(spec)
    default: throw UsageError("give either NAME or --schedule")
    }
  }

  private static let history = Command(
    "history",
    "Shows a trigger's ledger, newest first: one row per nominal time, with the reason.",
    operands: [name],
    options: Shared.paging + Shared.reading,
    example: "tompion trigger history nightly --limit 20"
  ) { arguments, terminal in
    let list = try await arguments.client.fires(
      of: arguments.operand("NAME"),
      arguments.page()
    )
    guard !arguments.isJSON else { return try terminal.done(json: list) }
    var table = Table("AT", "THROUGH", "COUNT", "OUTCOME", "TASK", "STATE", "LATE BY")
    for fire in list.items {
      let outcome = fire.isManual == true ? "task (manual)" : fire.outcome
      table.add(
        fire.at,
        fire.through,
        "\(fire.count)",
        outcome,
        fire.task,
        fire.taskState,
        fire.lateness
      )
    }
    terminal.say(table, next: list.nextCursor)
    return .done
  }

  private static let backfill = Command(
    "backfill",
    "Makes a task for each nominal time of a stretch that has none; at most 1,000.",
    operands: [name],
    options: [
      Option("from", "TIME", "The first nominal time (RFC 3339)."),
      Option("to", "TIME", "The last nominal time (RFC 3339); not in the future."),
    ] + Shared.reading,
    example:
      "tompion trigger backfill nightly --from 2026-12-01T00:00:00Z --to 2026-12-07T00:00:00Z"
  ) { arguments, terminal in
    guard let from = arguments["from"], let to = arguments["to"] else {
      throw UsageError("--from and --to are needed")
    }
    let done = try await arguments.client.backfillTrigger(
      arguments.operand("NAME"),
      from: from,
      to: to
    )
    guard !arguments.isJSON else { return try terminal.done(json: done) }
    var table = Table("NOMINAL TIME", "TASK", "NEW")
    for entry in done.tasks {
      table.add(entry.nominalAt, entry.task, entry.isNew ? "yes" : "no")
    }
    terminal.say(table, next: nil)
    terminal.complain("\(done.created) created, \(done.existing) already there")
    return .done
  }

  private static func say(
    _ trigger: TriggerInfo,
    _ arguments: Arguments,
    _ terminal: Terminal
  ) throws -> CommandStatus {
    guard !arguments.isJSON else { return try terminal.done(json: trigger) }
    let (spec, state) = (trigger.spec, trigger.state)
    var sheet = Sheet()
    sheet.add("name", trigger.name)
    sheet.add("namespace", trigger.namespace)
    sheet.add("handler", spec.handler)
    sheet.add("schedule", "\(spec.schedule) (\(spec.timeZone ?? "UTC"))")
    sheet.add("online", spec.online == false ? "no, since \(state.offlineSince ?? "-")" : "yes")
    sheet.add("next fire", state.nextFireAt ?? "none planned")
    sheet.add("fires", "\(state.fires)" + (spec.repeats.map { " of \($0)" } ?? ""))
    sheet.add("start", spec.start)
    sheet.add("end", spec.end)
    sheet.add("param", spec.param)
    sheet.add("shards", spec.shards.map(String.init))
    sheet.add("shard params", spec.shardParams?.shown)
    sheet.add("labels", spec.labels?.shown)
    sheet.add("priority", spec.priority.map(String.init))
    sheet.add("retries", spec.retries.map { "\($0), from \(spec.retryBackoff ?? "-")" })
    sheet.add("run timeout", spec.runTimeout)
    sheet.add("task timeout", spec.taskTimeout)
    sheet.add("misfire", spec.misfire.map { "\($0), window \(spec.misfireWindow ?? "-")" })
    sheet.add("overlap", spec.overlap)
    sheet.add("at most once", spec.atMostOnce == true ? "yes" : nil)
    sheet.add("active task", state.activeTask)
    sheet.add("held task", state.heldTask)
    sheet.add("revision", "\(state.revision)")
    terminal.say(sheet.text)
    return .done
  }
}

extension Terminal {
  func done(json value: some Encodable) throws -> CommandStatus {
    try say(json: value)
    return .done
  }
}
