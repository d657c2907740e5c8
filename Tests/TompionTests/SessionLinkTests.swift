import Engine
import Testing
import Tompion
import Wire

@Suite(.timeLimit(.minutes(1)))
struct SessionLinkTests {
  @Test func `the hello says who the worker is, and nothing else goes with it`() throws {
    let bench = SessionBench(handlers: ["a", "b"], capacity: 7) {
      $0.labels = Labels(["colour": "blue"])
      $0.labelMatching = .subset
    }
    bench.advance()
    let message = try bench.message()
    #expect(message.hello?.handlers == ["a", "b"])
    #expect(message.hello?.capacity == 7)
    #expect(message.hello?.labels == Labels(["colour": "blue"]))
    #expect(message.hello?.labelMatching == .subset)
    #expect(message.credits.isEmpty)
    #expect(bench.next() == nil)
  }

  @Test func `heartbeats come every third of the lease, give or take a tenth`() throws {
    let bench = SessionBench()
    bench.connect()
    _ = bench.next()
    var last = bench.now
    for number in 1...50 {
      bench.now = try bench.deadline()
      bench.advance()
      #expect(bench.next()?.heartbeat == UInt64(number))
      let pause = bench.now - last
      #expect(pause >= .milliseconds(3_000) && pause <= .microseconds(3_666_667))
      last = bench.now
      bench.receive { $0.heartbeatAck = UInt64(number) }
    }
  }

  @Test func `without an acknowledgement the worker fences itself at eight tenths of the lease`() {
    let bench = SessionBench()
    bench.connect()
    bench.offer(1)
    bench.pass(.milliseconds(7_999), answeringHeartbeats: false)
    #expect(bench.takeCancelled().isEmpty)
    bench.pass(.milliseconds(1), answeringHeartbeats: false)
    #expect(bench.takeCancelled() == [1: .leaseLost])
    #expect(bench.has(\.isDisconnect))
  }

  @Test func `a worker that was stopped asks before it fences itself`() throws {
    let bench = SessionBench()
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    // Stopped for six tenths of the lease, a third of it after the last heartbeat.
    bench.now = .milliseconds(9_300)
    bench.advance()
    #expect(bench.takeCancelled().isEmpty)
    let number = try #require(bench.next()?.heartbeat)
    bench.receive { $0.heartbeatAck = number }
    bench.pass(.milliseconds(7_999), answeringHeartbeats: false)
    #expect(bench.takeCancelled().isEmpty)
    bench.pass(.milliseconds(1), answeringHeartbeats: false)
    #expect(bench.takeCancelled() == [1: .leaseLost])
  }

  @Test(arguments: [(Duration.milliseconds(8_500), 1_000), (.milliseconds(9_300), 700)])
  func `a worker that was stopped waits for the answer no longer than its lease lasts`(
    wokenAt: Duration,
    patience: Int
  ) {
    let bench = SessionBench()
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    bench.now = wokenAt
    bench.advance()
    bench.pass(.milliseconds(patience - 1), answeringHeartbeats: false)
    #expect(bench.takeCancelled().isEmpty)
    bench.pass(.milliseconds(1), answeringHeartbeats: false)
    #expect(bench.takeCancelled() == [1: .leaseLost])
  }

  @Test func `a worker that was stopped for its whole lease fences itself at once`() {
    let bench = SessionBench()
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    bench.now = .seconds(10)
    bench.advance()
    #expect(bench.takeCancelled() == [1: .leaseLost])
  }

  @Test func `the lease counts from when an acknowledged heartbeat was sent`() throws {
    let bench = SessionBench()
    bench.connect()
    bench.offer(1)
    bench.now = try bench.deadline()
    bench.advance()
    let sentAt = bench.now
    let number = bench.next()?.heartbeat
    bench.now += .seconds(2)
    bench.receive { $0.heartbeatAck = number }
    bench.pass(sentAt + .milliseconds(7_999) - bench.now, answeringHeartbeats: false)
    #expect(bench.takeCancelled().isEmpty)
    bench.pass(.milliseconds(1), answeringHeartbeats: false)
    #expect(bench.takeCancelled() == [1: .leaseLost])
  }

  @Test func `a broken stream ends no run before the lease is over`() {
    let bench = SessionBench()
    bench.connect()
    bench.offer(1)
    bench.breakStream()
    bench.now = .milliseconds(7_999)
    bench.advance()
    #expect(bench.takeCancelled().isEmpty)
    bench.now = .seconds(8)
    bench.advance()
    #expect(bench.takeCancelled() == [1: .leaseLost])
  }

  @Test func `a worker that comes back says what it does and what was not confirmed`() throws {
    let bench = SessionBench(capacity: 3)
    bench.connect()
    for number in 1...3 { bench.offer(UInt64(number)) }
    bench.end(2, .returned(result: [2]))
    bench.breakStream()
    bench.end(3, .threw(Report.Failure(message: "no")))
    let hello = try #require(bench.connect(keeping: [SessionBench.run(1)]))
    #expect(hello.inFlight == [SessionBench.run(1)])
    #expect(Set(hello.unsentResults.map(\.run)) == [SessionBench.run(2), SessionBench.run(3)])
    let message = try bench.message()
    #expect(message.reports.map(\.run) == [SessionBench.run(1)])
    #expect(bench.session.unacknowledged == 2)
    bench.breakStream()
    #expect(bench.connect(keeping: [SessionBench.run(1)])?.unsentResults.count == 2)
  }

  @Test func `results that a hello cannot hold follow it`() throws {
    let bench = SessionBench(capacity: 20)
    bench.connect()
    for number in 1...20 {
      bench.offer(UInt64(number))
      bench.end(UInt64(number), .returned(result: Array(repeating: 1, count: 256 << 10)))
    }
    bench.breakStream()
    let hello = try #require(bench.connect())
    #expect(hello.unsentResults.count == 11)
    #expect(hello.inFlight.count == 9)  // Else the server would give them to others at once.
    var rest: [RunID] = []
    while let message = bench.next() {
      #expect(message.encoded().count < WireLimits.message)
      rest += message.reports.map(\.run)
    }
    #expect(Set(rest + hello.unsentResults.map(\.run)).count == 20)
  }

  @Test func `a result from between hello and welcome comes behind its start`() throws {
    let bench = SessionBench()
    bench.connect()
    bench.offer(1)
    _ = bench.takeStarted()
    bench.breakStream()  // The report of the start was lost with it.
    while !bench.has(\.isConnect) {
      bench.now = try bench.deadline()
      bench.advance()
    }
    #expect(bench.next()?.hello?.inFlight == [SessionBench.run(1)])
    bench.end(1)
    bench.receive {
      $0.welcome = Welcome(sessionID: "s", lease: .seconds(10))
      $0.welcome?.keep = [SessionBench.run(1)]
    }
    let events = try bench.message().events(of: 1)
    #expect(events == [.started(at: bench.moment.wall), .succeeded(result: nil)])
  }

  @Test func `a run that the server does not keep is cancelled and forgotten`() {
    let bench = SessionBench()
    bench.connect()
    bench.offer(1)
    bench.offer(2)
    bench.breakStream()
    bench.advance()
    while !bench.has(\.isConnect) {
      bench.now = bench.session.nextDeadline ?? bench.now
      bench.advance()
    }
    _ = bench.next()
    bench.receive {
      $0.welcome = Welcome(sessionID: "s", lease: .seconds(10))
      $0.welcome?.keep = [SessionBench.run(1)]
      $0.welcome?.abandon = [SessionBench.run(2)]
      $0.welcome?.cancels = [Cancel(run: SessionBench.run(1), reason: .totalTimeout)]
    }
    #expect(bench.takeCancelled() == [1: .totalTimeout, 2: .superseded])
  }

  @Test func `nothing that waited is started while there is no session`() {
    let bench = SessionBench(capacity: 1)
    bench.connect()
    bench.offer(1)
    bench.offer(2)
    _ = bench.takeStarted()
    bench.breakStream()
    bench.end(1)
    #expect(bench.takeStarted().isEmpty)
    let run = SessionBench.run(2)
    bench.advance()
    #expect(bench.connect(keeping: [run])?.inFlight == [run])
    bench.receive { $0.heartbeatAck = 0 }
    #expect(bench.takeStarted() == [2])
  }

  @Test func `waits between attempts are random, doubling up to thirty seconds`() throws {
    var longest: [Duration] = Array(repeating: .zero, count: 10)
    for seed in 1...200 {
      let bench = SessionBench(seed: UInt64(seed))
      bench.advance()
      for attempt in 0..<10 {
        bench.breakStream()
        let pause = try bench.deadline() - bench.now
        longest[attempt] = max(longest[attempt], pause)
        bench.advance(by: pause)
      }
    }
    for (attempt, pause) in longest.enumerated() {
      let limit = min(.seconds(30), Duration.milliseconds(200 << attempt))
      #expect(pause <= limit && pause > limit * 9 / 10)
    }
  }

  @Test(arguments: [(59, false), (61, true)])
  func `a minute of health makes the next wait short again`(
    seconds: Int,
    isShort: Bool
  ) throws {
    var longest: Duration = .zero
    for seed in 1...50 {
      let bench = SessionBench(seed: UInt64(seed))
      bench.advance()
      for _ in 0..<6 {
        bench.breakStream()
        bench.advance(by: try bench.deadline() - bench.now)
      }
      bench.connect()
      bench.pass(.seconds(seconds))
      bench.breakStream()
      bench.actions.removeAll { $0.announcement == nil }
      guard case .reconnecting(_, let pause)? = bench.actions.last?.announcement else {
        Issue.record("no wait was announced")
        return
      }
      longest = max(longest, pause)
    }
    #expect((longest <= .milliseconds(200)) == isShort)
  }

  @Test func `the addresses are tried in turn`() {
    let bench = SessionBench(servers: 3)
    bench.advance()
    for _ in 0..<5 {
      bench.breakStream()
      bench.now = bench.session.nextDeadline ?? bench.now
      bench.advance()
    }
    let servers = bench.actions.compactMap(\.server)
    #expect(servers.count == 6)
    for (one, next) in zip(servers, servers.dropFirst()) { #expect(next == (one + 1) % 3) }
  }

  @Test func `a refusal is waited out`() throws {
    let bench = SessionBench()
    bench.advance()
    _ = bench.next()
    bench.receive { $0.refuse = Refuse(code: "draining", reason: "", retryAfter: .seconds(4)) }
    #expect(bench.has(\.isDisconnect))
    let pause = try bench.deadline()
    #expect(pause >= .seconds(4) && pause <= .milliseconds(4_200))
  }

  @Test func `a server that goes away is left after its wait, and runs go on`() {
    let bench = SessionBench(servers: 2)
    bench.connect()
    bench.offer(1)
    _ = bench.next()
    bench.receive { $0.drain = .seconds(3) }
    bench.end(1)
    #expect(bench.next()?.granted.isEmpty == true)
    bench.pass(.milliseconds(2_999))
    #expect(!bench.has(\.isDisconnect))
    bench.pass(.milliseconds(1))
    #expect(bench.has(\.isDisconnect))
  }

  @Test func `a server that drains and closes at once is not bothered before its wait`() throws {
    let bench = SessionBench()
    bench.connect()
    bench.receive { $0.drain = .seconds(3) }
    bench.breakStream()
    #expect(try bench.deadline() >= bench.now + .seconds(3))
  }

  @Test func `a hello without an answer is given up after ten seconds`() {
    let bench = SessionBench()
    bench.advance()
    _ = bench.next()
    bench.pass(.milliseconds(9_999))
    #expect(!bench.has(\.isDisconnect))
    bench.advance(by: .milliseconds(1))
    #expect(bench.has(\.isDisconnect))
  }

  @Test func `what becomes of the connection is announced`() {
    let bench = SessionBench()
    bench.advance()
    _ = bench.next()
    bench.receive { $0.welcome = Welcome(sessionID: "s", lease: .seconds(10)) }
    bench.breakStream()
    let said = bench.actions.compactMap(\.announcement)
    #expect(said.prefix(2) == [.connected(server: 0), .disconnected(reason: "broken")])
    bench.now = bench.session.nextDeadline ?? bench.now
    bench.actions = []
    bench.advance()
    _ = bench.next()
    bench.receive { $0.welcome = Welcome(sessionID: "s", lease: .seconds(10)) }
    #expect(bench.actions.compactMap(\.announcement) == [.reconnected(server: 0)])
  }
}
