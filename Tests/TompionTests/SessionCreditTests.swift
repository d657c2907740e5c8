import Engine
import Testing
import Tompion
import Wire

@Suite(.timeLimit(.minutes(1)))
struct SessionCreditTests {
  @Test func `one handler is granted the whole capacity, and never more`() throws {
    let bench = SessionBench(capacity: 3)
    bench.connect()
    #expect(try bench.message().granted == ["print": 3])
    bench.offer(1)
    bench.offer(2)
    #expect(try bench.message().granted.isEmpty)
    bench.end(1)
    #expect(try bench.message().granted == ["print": 1])
  }

  @Test func `an offer that was revoked before it came gives its credit back`() throws {
    let bench = SessionBench(capacity: 1)
    bench.connect()
    #expect(try bench.message().granted == ["print": 1])
    bench.receive {
      $0.offers = [SessionBench.offer(1, "print")]
      $0.revokes = [SessionBench.run(1)]
    }
    #expect(bench.takeStarted().isEmpty)
    #expect(bench.next()?.granted == ["print": 1])
    bench.receive { $0.offers = [SessionBench.offer(1, "print")] }  // Once more changes nothing.
    #expect(bench.next() == nil)
  }

  @Test func `several handlers divide what is free`() throws {
    let bench = SessionBench(handlers: ["a", "b"], capacity: 10)
    bench.connect()
    #expect(try bench.message().granted == ["a": 5, "b": 5])
    for number in 1...5 { bench.offer(UInt64(number), "a") }
    #expect(try bench.message().granted == ["a": 2])
  }

  @Test func `each handler keeps a credit while there is room`() throws {
    let bench = SessionBench(handlers: ["a", "b", "c"], capacity: 1)
    bench.connect()
    #expect(try bench.message().granted == ["a": 1, "b": 1, "c": 1])
    bench.offer(1, "a")
    #expect(try bench.message().granted.isEmpty)
    bench.end(1)
    #expect(try bench.message().granted == ["a": 1])
  }

  @Test func `a busy handler gets all the room that others leave`() {
    let bench = SessionBench(handlers: ["a", "b"], capacity: 10)
    bench.connect()
    var available = 0
    var number: UInt64 = 0
    while let message = bench.next(), let granted = message.granted["a"] {
      available += granted
      while available > 0 {
        number += 1
        available -= 1
        bench.offer(number, "a")
      }
    }
    #expect(bench.session.running == 10)
  }

  @Test func `a server that does not acknowledge gets no more credits`() throws {
    let bench = SessionBench(capacity: 100)
    bench.connect()
    var number: UInt64 = 0
    for _ in 0..<100 {
      guard let granted = bench.next()?.granted["print"] else { break }
      for _ in 0..<granted {
        number += 1
        bench.offer(number)
        bench.end(number)
      }
    }
    #expect(number == 1_000)
    #expect(bench.session.unacknowledged == 1_000)
    bench.receive { $0.resultAcks = [SessionBench.run(1), SessionBench.run(2)] }
    #expect(try bench.message().granted == ["print": 2])
  }

  @Test func `credits of an old stream do not count on a new one`() throws {
    let bench = SessionBench(capacity: 4)
    bench.connect()
    _ = bench.next()
    bench.breakStream()
    bench.connect()
    #expect(try bench.message().granted == ["print": 4])
  }

  @Test func `a server can disable a handler and change the capacity`() throws {
    let bench = SessionBench(handlers: ["a", "b"], capacity: 2)
    bench.connect()
    _ = bench.next()
    bench.receive { $0.configure = Configure(capacity: 8, disabledHandlers: ["a"]) }
    #expect(try bench.message().granted == ["b": 7])
    bench.offer(1, "a")
    #expect(
      try bench.message().events(of: 1) == [.decline(reason: "the handler is disabled")]
    )
    bench.receive { $0.configure = Configure(disabledHandlers: []) }
    #expect(try bench.message().granted == ["a": 4])
  }
}
