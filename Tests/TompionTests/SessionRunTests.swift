import Engine
import Testing
import Tompion
import Wire

@Suite(.timeLimit(.minutes(1)))
struct SessionRunTests {
  let bench = SessionBench()

  @Test func `an offer is started, and both its reports go in one message`() throws {
    bench.connect()
    bench.offer(1)
    #expect(bench.takeStarted() == [1])
    bench.end(1, .returned(result: [5]))
    let message = try bench.message()
    #expect(message.events(of: 1) == [.started(at: bench.moment.wall), .succeeded(result: [5])])
    #expect(bench.session.unacknowledged == 1)
    bench.receive { $0.resultAcks = [SessionBench.run(1)] }
    #expect(bench.session.unacknowledged == 0)
  }

  @Test func `an offer that arrives twice runs once, also when the first is over`() {
    bench.connect()
    bench.offer(1)
    bench.offer(1)
    #expect(bench.takeStarted() == [1])
    bench.end(1)
    bench.offer(1)
    bench.receive { $0.resultAcks = [SessionBench.run(1)] }
    bench.offer(1)
    #expect(bench.takeStarted().isEmpty)
  }

  @Test func `an offer for an unknown handler is declined`() throws {
    bench.connect()
    bench.offer(1, "staple")
    #expect(bench.takeStarted().isEmpty)
    let message = try bench.message()
    #expect(message.events(of: 1) == [.decline(reason: "unknown handler")])
  }

  @Test func `an offer beyond the capacity waits, starts when there is room`() {
    bench.connect()
    for number in 1...3 { bench.offer(UInt64(number)) }
    #expect(bench.takeStarted() == [1, 2])
    bench.end(2)
    #expect(bench.takeStarted() == [3])
  }

  @Test func `an offer that waited for eight seconds is declined`() throws {
    bench.lease = .seconds(60)
    bench.connect()
    for number in 1...3 { bench.offer(UInt64(number)) }
    _ = bench.next()
    bench.now += .milliseconds(7_999)
    bench.advance()
    #expect(bench.session.unacknowledged == 0)
    bench.advance(by: .milliseconds(1))
    #expect(try bench.message().events(of: 3) == [.decline(reason: "no room")])
  }

  @Test func `an offer beyond every credit is declined at once`() throws {
    bench.connect()
    for number in 1...6 { bench.offer(UInt64(number)) }
    let message = try bench.message()
    #expect(message.events(of: 5).isEmpty)
    #expect(message.events(of: 6) == [.decline(reason: "no room")])
  }

  @Test func `a revoked offer is forgotten, and a revoked run is stopped`() {
    bench.connect()
    for number in 1...3 { bench.offer(UInt64(number)) }
    bench.receive { $0.revokes = [SessionBench.run(3), SessionBench.run(1)] }
    #expect(bench.takeCancelled() == [1: .superseded])
    bench.end(2)
    #expect(bench.takeStarted() == [1, 2])
  }

  @Test func `a stale run is cancelled and its result dropped`() throws {
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    bench.receive { $0.stales = [Stale(run: SessionBench.run(1))] }
    #expect(bench.takeCancelled() == [1: .superseded])
    #expect(bench.session.running == 1)
    bench.end(1)
    #expect(bench.session.running == 0)
    #expect(bench.session.unacknowledged == 0)
    #expect(bench.next()?.reports.isEmpty ?? true)
  }

  @Test func `a cancelled run reports that it stopped`() throws {
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    for _ in 1...2 {
      bench.receive { $0.cancels = [Cancel(run: SessionBench.run(1), reason: .replaced)] }
    }
    #expect(bench.takeCancelled() == [1: .replaced])
    bench.end(1, .stopped)
    let events = try bench.message().events(of: 1)
    #expect(events == [.stopped(message: "replaced by a newer occurrence")])
  }

  @Test func `a run that is faster than its cancellation has succeeded`() throws {
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    bench.receive { $0.cancels = [Cancel(run: SessionBench.run(1), reason: .cancel)] }
    bench.end(1, .returned(result: nil))
    #expect(try bench.message().events(of: 1) == [.succeeded(result: nil)])
  }

  @Test func `a handler that throws CancellationError by itself has failed`() throws {
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    bench.end(1, .stopped)
    guard case .failed(let failure)? = try bench.message().events(of: 1).first else {
      Issue.record("not reported as failed")
      return
    }
    #expect(failure.isRetryable)
  }

  @Test func `a run over its limit is cancelled, a second after the server would`() throws {
    bench.connect()
    bench.offer(1, run: .seconds(2))
    bench.pass(.milliseconds(2_999))
    #expect(bench.takeCancelled().isEmpty)
    bench.pass(.milliseconds(1))
    #expect(bench.takeCancelled() == [1: .localRunTimeout])
    bench.end(1, .stopped)
    guard case .failed? = try bench.message().events(of: 1).last else {
      Issue.record("the server must decide what becomes of it")
      return
    }
  }

  @Test func `progress puts off the heartbeat limit of a run`() {
    bench.connect()
    var offer = SessionBench.offer(1, "print")
    offer.heartbeatTimeout = .seconds(2)
    bench.receive { $0.offers = [offer] }
    bench.pass(.milliseconds(2_500))
    bench.change { $0.progressed(SessionBench.run(1), percent: 1, note: nil, at: $1) }
    bench.pass(.milliseconds(2_500))
    #expect(bench.takeCancelled().isEmpty)
    bench.pass(.milliseconds(600))
    #expect(bench.takeCancelled() == [1: .localHeartbeatTimeout])
  }

  @Test func `only the newest progress is sent, and none after the end`() throws {
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    for percent in 1...50 {
      bench.change { $0.progressed(SessionBench.run(1), percent: percent, note: nil, at: $1) }
    }
    #expect(try bench.message().events(of: 1) == [.progress(percent: 50, note: nil)])
    bench.change { $0.progressed(SessionBench.run(1), percent: 99, note: nil, at: $1) }
    bench.end(1)
    #expect(try bench.message().events(of: 1) == [.succeeded(result: nil)])
  }

  @Test func `log lines beyond the limit of the run are counted and said`() throws {
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    let line = Report.LogLine(
      at: Timestamp(seconds: 0),
      level: .info,
      message: String(repeating: "x", count: 8_000)
    )
    for _ in 0..<140 {
      bench.change { session, _ in session.logged(line, by: SessionBench.run(1)) }
      _ = bench.next()
    }
    bench.end(1)
    let events = try bench.message().events(of: 1)
    guard case .log(let last)? = events.first else {
      Issue.record("the dropped lines are not mentioned")
      return
    }
    #expect(last.message == "9 lines dropped")  // 131 × 8,000 bytes fit into 1 MiB.
    #expect(events.last == .succeeded(result: nil))
  }

  @Test func `log lines that wait for the stream are bounded`() throws {
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    bench.breakStream()
    let line = Report.LogLine(at: Timestamp(seconds: 0), level: .info, message: "x")
    for _ in 0..<20_000 {
      bench.change { session, _ in session.logged(line, by: SessionBench.run(1)) }
    }
    bench.connect(keeping: [SessionBench.run(1)])
    let message = try bench.message()
    #expect(message.reports.count < 12_000)
    #expect(message.reports.count > 5_000)
  }
}
