import Engine
import Testing
import Tompion
import Wire

@Suite(.timeLimit(.minutes(1)))
struct SessionEndingTests {
  let bench = SessionBench()

  private func shutDown(_ grace: Duration = .seconds(30)) {
    bench.change { $0.shutDown(grace: grace, at: $1) }
  }

  @Test func `a worker with nothing to do ends at once`() {
    bench.connect()
    shutDown()
    #expect(bench.has(\.isFinish))
    #expect(bench.session.nextDeadline == nil)
  }

  @Test func `a worker that shuts down says so, and ends when its last result is stored`() {
    bench.connect()
    bench.offer(1)
    shutDown()
    let message = bench.next()
    #expect(message?.isDraining == true)
    #expect(message?.granted.isEmpty == true)
    bench.end(1)
    #expect(bench.next()?.events(of: 1).last == .succeeded(result: nil))
    #expect(!bench.session.isFinished)
    bench.receive { $0.resultAcks = [SessionBench.run(1)] }
    #expect(bench.session.isFinished)
  }

  @Test func `what comes or waits during the shutdown is declined`() {
    bench.connect()
    for number in 1...3 { bench.offer(UInt64(number)) }
    shutDown()
    bench.offer(4)
    let message = bench.next()
    let declined = [Report.Event.decline(reason: "the worker shuts down")]
    #expect(message?.events(of: 3) == declined)
    #expect(message?.events(of: 4) == declined)
  }

  @Test func `handlers are cancelled when the grace is over, and released`() {
    bench.connect()
    bench.offer(1)
    bench.offer(2)
    shutDown()
    bench.pass(.milliseconds(29_999))
    #expect(bench.takeCancelled().isEmpty)
    bench.pass(.milliseconds(1))
    #expect(bench.takeCancelled() == [1: .shutdown, 2: .shutdown])
    bench.end(1, .stopped)
    bench.end(2, .returned(result: nil))
    let message = bench.next()
    #expect(message?.events(of: 1).last == .released)
    #expect(message?.events(of: 2).last == .succeeded(result: nil))
  }

  @Test func `a handler that ignores everything holds the worker for five seconds more`() {
    bench.connect()
    bench.offer(1)
    shutDown(.seconds(1))
    bench.pass(.milliseconds(5_999))
    #expect(!bench.session.isFinished)
    bench.pass(.milliseconds(1))
    #expect(bench.session.isFinished)
  }

  @Test func `a second request can only shorten the grace`() {
    bench.connect()
    bench.offer(1)
    shutDown()
    shutDown(.zero)
    #expect(bench.takeCancelled() == [1: .shutdown])
    shutDown(.seconds(60))
    bench.pass(.seconds(5))
    #expect(bench.session.isFinished)
  }

  @Test func `results are delivered over a new stream if the old one broke`() throws {
    bench.connect()
    bench.offer(1)
    shutDown()
    bench.breakStream()
    bench.end(1)
    let hello = try #require(bench.connect())
    #expect(hello.unsentResults.map(\.run) == [SessionBench.run(1)])
    #expect(bench.next()?.isDraining == true)
    bench.receive { $0.resultAcks = [SessionBench.run(1)] }
    #expect(bench.session.isFinished)
  }
}
