internal import Engine

extension FromServer {
  /// The message as it travels.
  package func encoded() -> [UInt8] {
    var writer = WireWriter(capacity: 256 + offers.reduce(0) { $0 + $1.sizeBound } + shortSize)
    if let welcome { writer.message(1) { welcome.write(to: &$0) } }
    if let refuse { writer.message(2) { refuse.write(to: &$0) } }
    if let heartbeatAck { writer.message(3) { $0.number(1, heartbeatAck) } }
    if let drain { writer.message(4) { $0.time(1, drain) } }
    for offer in offers { writer.message(5) { offer.write(to: &$0) } }
    for cancel in cancels { writer.cancel(6, cancel) }
    for run in revokes { writer.message(7) { $0.run(1, run) } }
    for run in resultAcks { writer.message(8) { $0.run(1, run) } }
    for stale in stales {
      writer.message(9) {
        $0.run(1, stale.run)
        $0.text(2, ifPresent: stale.reason)
      }
    }
    if let configure { writer.message(10) { configure.write(to: &$0) } }
    return writer.bytes
  }

  /// About how many bytes everything but the offers takes.
  private var shortSize: Int {
    64 * cancels.count + 48 * (revokes.count + resultAcks.count) + 96 * stales.count
  }
}

extension WireWriter {
  fileprivate mutating func cancel(_ field: Int, _ cancel: Cancel) {
    message(field) {
      $0.run(1, cancel.run)
      $0.text(2, cancel.reason.rawValue)
    }
  }
}

extension Welcome {
  func write(to writer: inout WireWriter) {
    writer.text(1, sessionID)
    writer.time(2, lease)
    for run in keep { writer.run(3, run) }
    for run in abandon { writer.run(4, run) }
    for cancel in cancels { writer.cancel(5, cancel) }
    writer.message(6) {
      $0.number(1, limits.result)
      $0.number(2, limits.logLine)
      $0.number(3, limits.logRun)
      $0.number(4, limits.message)
    }
  }
}

extension Refuse {
  func write(to writer: inout WireWriter) {
    writer.text(1, code)
    writer.text(2, reason)
    writer.time(3, retryAfter)
  }
}

extension Offer {
  func write(to writer: inout WireWriter) {
    writer.run(1, run)
    writer.text(2, handler)
    if !param.isEmpty { writer.data(3, param) }
    if let shardParam { writer.data(4, shardParam) }
    if shardCount != 1 { writer.number(5, shardCount) }
    writer.number(6, attempt)
    writer.time(7, nominalAt)
    writer.time(8, runTimeout ?? .zero)
    if let heartbeatTimeout { writer.time(9, heartbeatTimeout) }
    writer.text(10, ifPresent: trigger)
    writer.labels(11, labels)
  }
}

extension Configure {
  func write(to writer: inout WireWriter) {
    if let labels { writer.message(1) { $0.labels(1, labels) } }
    if let capacity { writer.number(2, capacity) }
    if let disabledHandlers {
      writer.message(3) { writer in
        for name in disabledHandlers { writer.text(1, name) }
      }
    }
  }
}
