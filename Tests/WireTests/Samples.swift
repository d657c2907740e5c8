import Engine
import Wire

/// One value of every kind of message, with every field filled.
enum Samples {
  static func run(_ number: UInt64, shard: Int = 0) -> RunID {
    let task = TaskID(UUIDv7(high: 0x0123_4567_89ab_7def, low: number))
    return RunID(slot: SlotID(task: task, shard: shard), epoch: Epoch(1 << 63 | number))
  }

  static let labels = Labels(["colour": "blue", "zone": ""])

  static let events: [Report.Event] = [
    .started(at: Timestamp(microseconds: 1_700_000_000_123_456)),
    .started(at: nil),
    .progress(percent: 0, note: nil),
    .progress(percent: 100, note: "half of the other half"),
    .progress(percent: nil, note: ""),
    .log(
      Report.LogLine(
        at: Timestamp(microseconds: -1),
        level: .warning,
        message: "low on paper ✂️",
        metadata: [.init(key: "tray", value: "2"), .init(key: "left", value: "")]
      )
    ),
    .succeeded(result: nil),
    .succeeded(result: []),
    .succeeded(result: Array(repeating: 0, count: 300)),
    .failed(.init(message: "no paper")),
    .failed(.init(message: "", isRetryable: false, retryAfter: .milliseconds(1500))),
    .stopped(message: nil),
    .stopped(message: "as asked"),
    .decline(reason: "no room"),
    .released,
  ]

  static let reports = events.enumerated().map { index, event in
    Report(run: run(UInt64(index), shard: index), event: event)
  }

  static var hello: Hello {
    var hello = Hello(workerID: "printer-1", bootID: BootID(run(7).slot.task.uuid), capacity: 100)
    hello.handlers = ["print", "staple"]
    hello.labels = labels
    hello.labelMatching = .subset
    hello.inFlight = [run(1), run(2, shard: 1023)]
    hello.unsentResults = reports.filter(\.event.isFinal)
    hello.namespace = "office"
    hello.app = "printer"
    hello.sdkVersion = "tompion-swift/0.1.0"
    hello.host = "printer.example"
    hello.processID = 4_000_000_000
    return hello
  }

  static var fromWorker: FromWorker {
    var message = FromWorker()
    message.hello = hello
    message.credits = [
      Credit(handler: "print", count: 1), Credit(handler: "staple", count: 99_999),
    ]
    message.heartbeat = .max
    message.isDraining = true
    message.reports = reports
    return message
  }

  static var offer: Offer {
    var offer = Offer(
      run: run(3, shard: 2),
      handler: "print",
      attempt: 4,
      nominalAt: Timestamp(microseconds: 1_700_000_000_000_000)
    )
    offer.param = Array(repeating: 0xff, count: 1000)
    offer.shardParam = []
    offer.shardCount = 3
    offer.runTimeout = .seconds(3600)
    offer.heartbeatTimeout = .milliseconds(250)
    offer.trigger = "nightly"
    offer.labels = labels
    return offer
  }

  static var welcome: Welcome {
    var welcome = Welcome(sessionID: "s-1", lease: .seconds(10))
    welcome.keep = [run(1)]
    welcome.abandon = [run(2)]
    welcome.cancels = Cancel.Reason.allCases.map { Cancel(run: run(9), reason: $0) }
    welcome.limits.result = 1
    welcome.limits.logLine = 2
    welcome.limits.logRun = 3
    welcome.limits.message = 4
    return welcome
  }

  static var fromServer: FromServer {
    var message = FromServer()
    message.welcome = welcome
    message.refuse = Refuse(code: "draining", reason: "bye", retryAfter: .seconds(1))
    message.heartbeatAck = 1 << 40
    message.drain = .seconds(2)
    message.offers = [
      offer, Offer(run: run(4), handler: "staple", attempt: 1, nominalAt: .distantFuture),
    ]
    message.cancels = [Cancel(run: run(5), reason: .totalTimeout)]
    message.revokes = [run(6)]
    message.resultAcks = [run(7), run(8)]
    message.stales = [Stale(run: run(9)), Stale(run: run(10), reason: "another epoch")]
    message.configure = Configure(labels: labels, capacity: 5, disabledHandlers: ["print"])
    return message
  }
}

extension FromWorker {
  init(_ bytes: [UInt8]) throws(WireError) {
    self = try Result { try unsafe bytes.withUnsafeBytes { try unsafe FromWorker(decoding: $0) } }
      .typed()
  }
}

extension FromServer {
  init(_ bytes: [UInt8]) throws(WireError) {
    self = try Result { try unsafe bytes.withUnsafeBytes { try unsafe FromServer(decoding: $0) } }
      .typed()
  }
}

extension Result where Failure == any Error {
  /// The value, or the error if it is of the only kind that reading may throw.
  func typed() throws(WireError) -> Success {
    do { return try get() } catch let error as WireError { throw error } catch {
      preconditionFailure("reading threw \(error)")
    }
  }
}
