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
    guard let boot = boots[session] else { return [] }
    return reports(results, from: session, at: now).commands.flatMap { command in
      guard let run = holders[boot]?.runs[command.slot], run.stage.isOffered,
        run.epoch == command.fence?.epoch
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
    guard let boot = boots[session] else { return ([], []) }
    var commands: [SlotCommand] = []
    commands.reserveCapacity(reports.count)
    var log: [LogLine] = []
    for report in reports {
      if case .log(let line) = report.event {
        guard holders[boot]?.runs[report.run.slot]?.epoch == report.run.epoch else { continue }
        log.append(LogLine(line, of: report.run))
        continue
      }
      guard let event = SlotEvent(report.event) else { continue }
      if case .progressed = event { beat(report.run, boot, now) }
      commands.append(
        SlotCommand(
          report.run.slot,
          event,
          fence: Fence(epoch: report.run.epoch, boot: boot)
        )
      )
    }
    return (commands, log)
  }

  /// Answers a worker once its reports are stored, or refused.
  package mutating func answer(_ commands: [SlotCommand], _ verdicts: [Verdict], boot: BootID) {
    for (command, verdict) in zip(commands, verdicts) {
      guard let fence = command.fence else { continue }
      let run = RunID(slot: command.slot, epoch: fence.epoch)
      switch verdict {
      case .moved, .refused(.alreadyDone):
        guard command.event.reportKind != nil else { continue }
        acknowledge(run, boot)
      case .refused(let reason):
        refuse(run, boot, reason)
      }
    }
  }

  private mutating func acknowledge(_ run: RunID, _ boot: BootID) {
    guard let session = holders[boot]?.session else { return }
    outboxes[session]?.acknowledge(run)
    toWake.insert(session)
  }

  private mutating func refuse(_ run: RunID, _ boot: BootID, _ reason: Refusal) {
    refusedReports[reason, default: 0] += 1
    guard let session = holders[boot]?.session else { return }
    outboxes[session]?.stale(run, reason: reason.rawValue)
    toWake.insert(session)
  }

  /// Progress resets the heartbeat limit of its run, and nothing else.
  private mutating func beat(_ run: RunID, _ boot: BootID, _ now: Moment) {
    guard var inHand = holders[boot]?.runs[run.slot], inHand.epoch == run.epoch,
      case .running = inHand.stage
    else { return }
    inHand.planRunning(heartbeatFrom: now.monotonic)
    holders[boot]?.runs[run.slot] = inHand
  }
}
