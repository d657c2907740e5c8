package import Engine
package import Wire

/// What handlers say while they run.
extension WorkerSession {
  /// The handler of `run` gets on. Only the newest sign is sent.
  package mutating func progressed(
    _ run: RunID,
    percent: Int?,
    note: String?,
    at now: Moment
  ) {
    guard let state = runs[run], case .running = state.phase, !state.isDisowned else { return }
    if let limit = state.heartbeatLimit { runs[run]?.heartbeatDeadline = now.elapsed + limit }
    if state.progress == nil { outbox.noteProgress(of: run) }
    runs[run]?.progress = (percent, note)
  }

  /// One line of the log of `run`: sent, or counted when there is no room for it.
  package mutating func logged(_ line: Report.LogLine, by run: RunID) {
    guard let state = runs[run], case .running = state.phase, !state.isDisowned else { return }
    let size = line.size
    guard
      state.logBytes + size <= limits.logRun,
      size <= limits.logLine,
      outbox.logBytes + size <= SessionSettings.pendingLogBytes
    else {
      runs[run]?.droppedLines += 1
      return
    }
    runs[run]?.logBytes += size
    outbox.append(Report(run: run, event: .log(line)))
  }

  mutating func sayDroppedLines(of run: RunID, _ state: SessionRun, at now: Moment) {
    guard state.droppedLines > 0 else { return }
    let line = Report.LogLine(
      at: now.wall,
      level: .warning,
      message: "\(state.droppedLines) lines dropped"
    )
    outbox.append(Report(run: run, event: .log(line)))
  }

  /// The signs of progress of those runs that still run.
  mutating func takeProgress(of progressed: [RunID]) -> [Report] {
    progressed.compactMap { run in
      guard let sign = runs[run]?.progress else { return nil }
      runs[run]?.progress = nil
      return Report(run: run, event: .progress(percent: sign.percent, note: sign.note))
    }
  }
}
