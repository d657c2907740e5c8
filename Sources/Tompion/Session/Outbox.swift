internal import Engine
internal import Wire

/// The reports that wait for the stream, in order.
struct Outbox: Sendable {
  private var reports: [Report] = []
  private var taken = 0
  /// Runs that have a sign of progress to send.
  private var progressed: [RunID] = []
  /// The bytes of the log lines among them.
  private(set) var logBytes = 0

  var isEmpty: Bool { taken == reports.count && progressed.isEmpty }

  mutating func append(_ report: Report) {
    if case .log = report.event { logBytes += report.sizeBound }
    reports.append(report)
  }

  mutating func noteProgress(of run: RunID) {
    progressed.append(run)
  }

  /// The next reports, together about as large as one message may be; then the runs that progressed.
  mutating func take() -> (reports: [Report], progressed: [RunID]) {
    var size = 0
    var end = taken
    while end < reports.count, size < SessionSettings.frameBytes {
      size += reports[end].sizeBound
      if case .log = reports[end].event { logBytes -= reports[end].sizeBound }
      end += 1
    }
    if taken == 0, end == reports.count { return (takeAll(), takeProgressed()) }
    defer { drop(through: end) }
    return (Array(reports[taken..<end]), end == reports.count ? takeProgressed() : [])
  }

  /// Keeps the log lines of the runs that `isKept`; all else is said anew on the next stream.
  mutating func beginAnew(keepingLogsOf isKept: (RunID) -> Bool) -> [Report] {
    let logs = reports[taken...].filter { report in
      if case .log = report.event { isKept(report.run) } else { false }
    }
    self = Outbox()
    return logs
  }

  private mutating func takeAll() -> [Report] {
    let all = reports
    reports = []
    reports.reserveCapacity(min(all.count, 256))  // The next message is often about as long.
    return all
  }

  private mutating func takeProgressed() -> [RunID] {
    defer { progressed = [] }
    return progressed
  }

  private mutating func drop(through end: Int) {
    taken = end
    if taken == reports.count {
      reports = []
      taken = 0
    }
  }
}
