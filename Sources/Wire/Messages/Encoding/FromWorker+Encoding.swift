internal import Engine

extension FromWorker {
  /// The message as it travels.
  package func encoded() -> [UInt8] {
    var writer = WireWriter(capacity: 256 + reports.reduce(0) { $0 + $1.sizeBound })
    if let hello { writer.message(1) { hello.write(to: &$0) } }
    for credit in credits {
      writer.message(2) {
        $0.text(1, credit.handler)
        $0.number(2, credit.count)
      }
    }
    if let heartbeat { writer.message(3) { $0.number(1, heartbeat) } }
    if isDraining { writer.message(4) { _ in } }
    for report in reports { writer.message(5) { report.write(to: &$0) } }
    return writer.bytes
  }
}

extension Hello {
  func write(to writer: inout WireWriter) {
    writer.text(1, workerID)
    writer.identifier(2, bootID.uuid)
    for handler in handlers { writer.message(3) { $0.text(1, handler) } }
    writer.labels(4, labels)
    writer.number(5, capacity)
    for run in inFlight { writer.run(6, run) }
    for report in unsentResults { writer.message(7) { report.write(to: &$0) } }
    writer.text(8, namespace)
    if !app.isEmpty { writer.text(9, app) }
    if !sdkVersion.isEmpty { writer.text(10, sdkVersion) }
    if !host.isEmpty { writer.text(11, host) }
    if processID != 0 { writer.number(12, UInt64(processID)) }
    if labelMatching == .subset { writer.number(13, 1) }
  }
}

extension Report {
  func write(to writer: inout WireWriter) {
    writer.run(1, run)
    switch event {
    case .started(let at):
      writer.message(2) { writer in
        if let at { writer.time(1, at) }
      }
    case .progress(let percent, let note):
      writer.message(3) { writer in
        if let percent { writer.number(1, percent) }
        writer.text(2, ifPresent: note)
      }
    case .log(let line): writer.message(4) { line.write(to: &$0) }
    case .succeeded(let result):
      writer.message(5) { writer in
        if let result { writer.data(1, result) }
      }
    case .failed(let failure): writer.message(6) { failure.write(to: &$0) }
    case .stopped(let message): writer.message(7) { $0.text(1, ifPresent: message) }
    case .decline(let reason): writer.message(8) { $0.text(1, reason) }
    case .released: writer.message(9) { _ in }
    }
  }
}

extension Report.Failure {
  func write(to writer: inout WireWriter) {
    writer.text(1, message)
    if !isRetryable { writer.flag(2, false) }
    if let retryAfter { writer.time(3, retryAfter) }
  }
}

extension Report.LogLine {
  func write(to writer: inout WireWriter) {
    writer.time(1, at)
    writer.text(2, level.rawValue)
    writer.text(3, message)
    for fact in metadata { writer.pair(4, key: fact.key, value: fact.value) }
  }
}
