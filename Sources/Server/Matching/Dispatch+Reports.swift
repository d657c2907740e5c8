package import Engine
package import Store
package import Wire

extension Dispatch {
  /// The commands for results that a worker could not send before its stream broke.
  ///
  /// Its report of the start may have been lost with the stream; a result implies it.
  package mutating func unsentResults(
    _ results: [Report],
    from session: SessionID,
    at now: Moment
  ) -> [SlotCommand] {
    guard let holder = sessions[session]?.holder else { return [] }
    return reports(results, from: session, at: now).commands.flatMap { command in
      guard let run = inHand[command.slot], run.holder === holder, run.stage.isOffered,
        run.id.epoch == command.fence?.epoch
      else { return [command] }
      switch command.event {
      case .succeeded, .failed, .stopped:
        return [SlotCommand(command.slot, .started, fence: command.fence), command]
      default:
        return [command]
      }
    }
  }

  /// Turns a worker's reports into commands for the store, in their order, and into log lines.
  package mutating func reports(
    _ reports: [Report],
    from session: SessionID,
    at now: Moment
  ) -> (commands: [SlotCommand], log: [LogLine]) {
    guard let holder = sessions[session]?.holder else { return ([], []) }
    var commands: [SlotCommand] = []
    commands.reserveCapacity(reports.count)
    var log: [LogLine] = []
    for report in reports {
      if case .log(let line) = report.event {
        guard run(holder, report.run) != nil else { continue }
        log.append(LogLine(line, of: report.run))
        continue
      }
      guard let event = SlotEvent(report.event) else { continue }
      if case .progressed = event { beat(report.run, holder, now) }
      commands.append(
        SlotCommand(
          report.run.slot,
          event,
          fence: Fence(epoch: report.run.epoch, boot: holder.boot)
        )
      )
    }
    return (commands, log)
  }

  /// Answers a worker once its reports are stored, or refused.
  package mutating func answer(_ commands: [SlotCommand], _ verdicts: [Verdict], boot: BootID) {
    let session = holders[boot]?.session
    for (command, verdict) in zip(commands, verdicts) {
      guard let fence = command.fence else { continue }
      let run = RunID(slot: command.slot, epoch: fence.epoch)
      switch verdict {
      case .moved, .refused(.alreadyDone):
        guard command.event.reportKind != nil else { continue }
        session?.outbox.acknowledge(run)
      case .refused(let reason):
        refusedReports[reason, default: 0] += 1
        session?.outbox.stale(run, reason: reason.rawValue)
      }
    }
    if let session, !session.outbox.isEmpty { wake(session) }
  }

  /// Progress resets the heartbeat limit of its run, and nothing else.
  private func beat(_ id: RunID, _ holder: Holder, _ now: Moment) {
    guard let run = run(holder, id), case .running = run.stage else { return }
    run.planRunning(heartbeatFrom: now.monotonic)
  }
}
