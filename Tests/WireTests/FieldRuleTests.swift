import Engine
import Testing
import Wire

@Suite(.timeLimit(.minutes(1)))
struct FieldRuleTests {
  private func error(_ change: (inout FromWorker) -> Void) -> WireError? {
    var message = Samples.fromWorker
    change(&message)
    do throws(WireError) { _ = try FromWorker(message.encoded()) } catch { return error }
    return nil
  }

  private func event(_ event: Report.Event) -> WireError? {
    error { $0.reports = [Report(run: Samples.run(1), event: event)] }
  }

  @Test func `names that are empty, too long or not text are refused by name`() {
    let long = String(repeating: "n", count: 129)
    #expect(error { $0.hello?.workerID = "" } == WireError("Hello.worker_id", .missing))
    #expect(
      error { $0.hello?.workerID = long }
        == WireError("Hello.worker_id", .overLimit(129, limit: 128))
    )
    #expect(
      error { $0.hello?.handlers = ["a", ""] } == WireError("Handler.name", .missing)
    )
    #expect(
      error { $0.credits[0].handler = long }
        == WireError("Credit.handler", .overLimit(129, limit: 128))
    )
    #expect(
      error { $0.hello?.labels = Labels([long: ""]) }
        == WireError("Label.key", .overLimit(129, limit: 128))
    )
  }

  @Test func `counts over the limits are refused by name`() {
    let names = (0...1000).map { "h\($0)" }
    #expect(
      error { $0.hello?.handlers = names }
        == WireError("Hello.handlers", .overLimit(1001, limit: 1000))
    )
    #expect(error { $0.hello?.capacity = 0 } == WireError("Hello.capacity", .outOfRange))
    #expect(error { $0.hello?.capacity = 100_001 } == WireError("Hello.capacity", .outOfRange))
    #expect(error { $0.credits[0].count = 0 } == WireError("Credit.n", .outOfRange))
    let labels = Labels(Dictionary(uniqueKeysWithValues: (0..<65).map { ("k\($0)", "") }))
    #expect(
      error { $0.hello?.labels = labels } == WireError("Hello.labels", .overLimit(65, limit: 64))
    )
  }

  @Test func `what a run reports is held to its limits`() {
    let large = [UInt8](repeating: 1, count: WireLimits.result + 1)
    #expect(
      event(.succeeded(result: large))
        == WireError(
          "Succeeded.result",
          .overLimit(WireLimits.result + 1, limit: WireLimits.result)
        )
    )
    #expect(
      event(.progress(percent: 101, note: nil)) == WireError("Progress.percent", .outOfRange)
    )
    let note = String(repeating: "n", count: 1025)
    #expect(
      event(.progress(percent: nil, note: note))
        == WireError("Progress.note", .overLimit(1025, limit: 1024))
    )
    let line = Report.LogLine(
      at: Timestamp(seconds: 0),
      level: .info,
      message: String(repeating: "l", count: 8190),
      metadata: [.init(key: "k", value: "vv")]
    )
    #expect(event(.log(line)) == WireError("Log", .overLimit(8193, limit: 8192)))
    let failure = Report.Failure(message: "", retryAfter: .microseconds(-1))
    #expect(event(.failed(failure)) == WireError("Failed.retry_after", .outOfRange))
  }

  @Test func `a long reason for a failure is cut, not refused`() throws {
    let words = String(repeating: "é", count: 5000)
    var message = FromWorker()
    message.reports = [Report(run: Samples.run(1), event: .failed(.init(message: words)))]
    guard case .failed(let failure) = try FromWorker(message.encoded()).reports[0].event else {
      Issue.record("another event came back")
      return
    }
    #expect(failure.message == String(repeating: "é", count: 4096))
  }

  @Test func `an identifier of another length is refused`() {
    // FromWorker.report { run { task_id: 3 bytes, epoch } , released }
    let run: [UInt8] = [0x0a, 3, 1, 2, 3, 0x19, 1, 0, 0, 0, 0, 0, 0, 0]
    let report: [UInt8] = [0x0a, UInt8(run.count)] + run + [0x4a, 0]
    #expect(throws: WireError("Run.task_id", .wrongLength(3, expected: 16))) {
      try FromWorker([0x2a, UInt8(report.count)] + report)
    }
  }

  @Test func `a report of an unknown kind is refused`() {
    var message = FromWorker()
    message.reports = [Report(run: Samples.run(1), event: .released)]
    var bytes = message.encoded()
    bytes[bytes.count - 2] = 0x7a  // Field 15 in place of 9.
    #expect(throws: WireError("Report.event", .missing)) { try FromWorker(bytes) }
  }

  @Test func `a shard lies below the count of shards`() {
    var message = FromServer()
    var offer = Samples.offer
    offer.shardCount = 2
    message.offers = [offer]
    #expect(throws: WireError("Offer.shard_count", .outOfRange)) {
      try FromServer(message.encoded())
    }
  }

  @Test func `a lease is longer than nothing`() {
    var message = FromServer()
    message.welcome = Welcome(sessionID: "s", lease: .zero)
    #expect(throws: WireError("Welcome.lease", .outOfRange)) { try FromServer(message.encoded()) }
  }

  @Test func `a reason to cancel that is new counts as a plain cancel`() throws {
    var message = FromServer()
    message.cancels = [Cancel(run: Samples.run(1), reason: .replaced)]
    var bytes = message.encoded()
    bytes[bytes.count - 1] = UInt8(ascii: "x")
    #expect(try FromServer(bytes).cancels[0].reason == .cancel)
  }

  @Test func `text is clipped between characters`() {
    #expect("aé".clipped(to: 3) == "aé")
    #expect("aé".clipped(to: 2) == "a")
    #expect("👍".clipped(to: 3).isEmpty)
  }
}
