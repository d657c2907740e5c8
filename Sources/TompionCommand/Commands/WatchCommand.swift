import ControlAPI
import TompionClient

/// `tompion task watch`: state changes as they happen.
enum WatchCommand {
  static let command = Command(
    "watch",
    "Follows state changes as they happen.",
    operands: [Operand("ID", "Only this task; all of the namespace otherwise.", optional: true)],
    options: [
      Option("until-final", nil, "End when the task is final: 0 if it ran to completion, else 1.")
    ] + Shared.reading,
    example: "tompion task watch 01943d7e-3c00-7000-8000-000000000001 --until-final"
  ) { arguments, terminal in
    let id = arguments.operand("ID")
    let endsWithTask = arguments.has("until-final")
    guard !id.isEmpty || !endsWithTask else { throw UsageError("--until-final needs ID") }
    let client = arguments.client
    var start: Int64?
    if !id.isEmpty {
      let task = try await client.task(id)
      try show(task, arguments, terminal)
      if task.isFinal, endsWithTask { return status(task) }
      // What happened since is read from the journal, so that nothing falls between the two.
      start = task.shards.flatMap { $0.events ?? [] }.map(\.sequence).max()
    }
    for try await event in client.events(after: start, task: id.isEmpty ? nil : id) {
      switch event {
      case .reset(let reset):
        terminal.complain("changes up to \(reset.after) are no longer kept")
      case .change(let change):
        try show(change, arguments, terminal)
        guard endsWithTask, finalStates.contains(change.to) else { continue }
        let task = try await client.task(id)
        if task.isFinal { return status(task) }
      }
    }
    return .done
  }

  private static let finalStates: Set = ["RunToCompletion", "Faulted", "Canceled"]

  private static func status(_ task: TaskInfo) -> CommandStatus {
    task.state == "RunToCompletion" ? .done : .failed
  }

  /// What happened before the watch began, in the same form as what comes.
  private static func show(
    _ task: TaskInfo,
    _ arguments: Arguments,
    _ terminal: Terminal
  ) throws {
    let events = task.shards.flatMap { shard in
      (shard.events ?? []).map { (shard: shard.shard, event: $0) }
    }
    for (shard, event) in events.sorted(by: { $0.event.sequence < $1.event.sequence }) {
      if arguments.isJSON {
        try terminal.say(jsonLine: event)
      } else {
        terminal.say(
          line(
            event.at,
            task.id,
            shard,
            task.handler,
            event.from,
            event.to,
            event.worker,
            event.why
          )
        )
      }
    }
  }

  private static func show(
    _ change: EventInfo,
    _ arguments: Arguments,
    _ terminal: Terminal
  ) throws {
    guard !arguments.isJSON else { return try terminal.say(jsonLine: change) }
    terminal.say(
      line(
        change.at,
        change.task,
        change.shard,
        change.handler,
        change.from,
        change.to,
        change.worker,
        change.why
      )
    )
  }

  private static func line(
    _ at: String,
    _ task: String,
    _ shard: Int,
    _ handler: String,
    _ from: String,
    _ to: String,
    _ worker: String?,
    _ why: String
  ) -> String {
    let move = from == to ? to : "\(from) -> \(to)"
    let remarks = [worker.map { "worker \($0)" }, why.isEmpty ? nil : why].compactMap(\.self)
    let tail = remarks.isEmpty ? "" : " (\(remarks.joined(separator: "; ")))"
    return "\(at) \(task).\(shard) \(handler) \(move)\(tail)".printable
  }
}
