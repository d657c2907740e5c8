import Engine
import Testing
import Wire

@Suite(.timeLimit(.minutes(1)))
struct RoundTripTests {
  @Test func `a message from a worker survives the journey`() throws {
    #expect(try FromWorker(Samples.fromWorker.encoded()) == Samples.fromWorker)
  }

  @Test func `a message from a server survives the journey`() throws {
    #expect(try FromServer(Samples.fromServer.encoded()) == Samples.fromServer)
  }

  @Test func `empty messages are empty on the wire`() throws {
    #expect(FromWorker().encoded().isEmpty)
    #expect(FromServer().encoded().isEmpty)
    #expect(try FromWorker([]) == FromWorker())
    #expect(try FromServer([]) == FromServer())
  }

  @Test(arguments: Samples.events)
  func `an event survives the journey by itself`(event: Report.Event) throws {
    var message = FromWorker()
    message.reports = [Report(run: Samples.run(1), event: event)]
    #expect(try FromWorker(message.encoded()).reports == message.reports)
  }

  @Test(arguments: Samples.reports)
  func `a report is never larger than its bound`(report: Report) {
    var message = FromWorker()
    message.reports = [report]
    #expect(message.encoded().count <= report.sizeBound)
  }

  @Test func `an offer is never larger than its bound`() {
    var message = FromServer()
    message.offers = [Samples.offer]
    #expect(message.encoded().count <= Samples.offer.sizeBound)
  }

  @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, 256 << 10])
  func `a length that needs more digits moves what follows`(count: Int) throws {
    var message = FromWorker()
    let result = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    message.reports = [
      Report(run: Samples.run(1), event: .succeeded(result: result)),
      Report(run: Samples.run(2), event: .released),
    ]
    #expect(try FromWorker(message.encoded()) == message)
  }
}
