package import Engine
package import Store
package import Wire

extension Dispatch {
  /// What one message of a worker asks of the store.
  package struct Intake {
    /// The process behind the stream; `nil` when its session is over.
    package var boot: BootID?
    package var commands: [SlotCommand]
    package var log: [LogLine]
    /// Whether there may be more to bind, though no command says so.
    package var hasCredit: Bool
  }

  /// Takes in one message of a worker that has said hello.
  package mutating func received(
    _ message: FromWorker,
    on session: SessionID,
    at now: Moment
  ) -> Intake {
    if let sequence = message.heartbeat { heartbeat(session, sequence, at: now) }
    if message.isDraining { draining(session) }
    credit(session, message.credits)
    let (commands, log) = reports(message.reports, from: session, at: now)
    return Intake(
      boot: boot(of: session),
      commands: commands,
      log: log,
      hasCredit: !message.credits.isEmpty
    )
  }

  /// Whether a run that the worker reports, and that matching does not have in hand, is still wanted:
  /// its lease was lost, and its result would be saved.
  ///
  /// `task` is what the store knows of it; `nil` when it is gone.
  package static func isWanted(_ run: RunID, of boot: BootID, in task: TaskDetail?) -> Bool {
    guard let task, run.slot.shard < task.slots.count else { return false }
    let slot = task.slots[run.slot.shard].slot
    guard case .waiting(_, let latecomer?) = slot.phase else { return false }
    return latecomer.boot == boot && slot.epoch == run.epoch
  }
}
