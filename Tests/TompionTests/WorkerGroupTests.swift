import Dispatch
import Engine
import PlatformGRPC
import Synchronization
import Testing
import Tompion
import Wire

@Suite(.timeLimit(.minutes(1)))
struct WorkerGroupTests {
  private func group(
    on server: FakeServer,
    capacity: Int = 4
  ) throws -> WorkerGroup {
    var configuration = WorkerConfiguration()
    configuration.servers = [server.address]
    configuration.workerID = "w"
    configuration.capacity = capacity
    return try WorkerGroup(configuration: configuration)
  }

  private func offer(_ number: UInt64, _ handler: String = "print") -> Offer {
    SessionBench.offer(number, handler)
  }

  private func end(_ group: WorkerGroup, _ server: FakeServer) async {
    group.stop(grace: .zero)
    await group.wait()
    await server.shutDown()
  }

  @Test func `an offer reaches its handler, and what it does reaches the server`() async throws {
    let server = try FakeServer()
    let group = try group(on: server)
    try group.add("print") { context in
      context.log.info("printing", metadata: ["copies": "2"])
      context.progress(percent: 50, note: "half")
      try context.setResult("\(context.taskInfo.param) \(context.taskInfo.attempt)")
    }
    try group.start()
    let hello = try await server.first(\.hello)
    #expect(hello.handlers == ["print"])
    #expect(hello.workerID == "w")
    #expect(try await server.first { $0.granted["print"] } == 4)
    var offer = offer(1)
    offer.param = Array("page".utf8)
    server.send { $0.offers = [offer] }
    let events = try await server.outcome(of: offer.run)
    guard case .started? = events.first else {
      Issue.record("the run was not reported as started first")
      return
    }
    #expect(events.last == .succeeded(result: Array("page 1".utf8)))
    let messages = events.compactMap { event in
      if case .log(let line) = event { line.message } else { nil }
    }
    #expect(messages == ["printing"])
    await end(group, server)
  }

  @Test func `an error says how to go on`() async throws {
    let server = try FakeServer()
    let group = try group(on: server)
    try group.add("print") { context in
      if context.taskInfo.attempt > 1 { throw FakeServer.Silence() }
      throw JobFailure("no paper", retryable: false, retryAfter: .seconds(3))
    }
    try group.start()
    _ = try await server.first(\.hello)
    server.send { $0.offers = [offer(1)] }
    let failure = Report.Failure(message: "no paper", isRetryable: false, retryAfter: .seconds(3))
    #expect(try await server.outcome(of: offer(1).run).last == .failed(failure))
    var second = offer(2)
    second.attempt = 2
    server.send { $0.offers = [second] }
    #expect(try await server.outcome(of: second.run).last == .failed(.init(message: "Silence()")))
    await end(group, server)
  }

  @Test func `results that were not acknowledged come again after a broken stream`() async throws {
    var settings = FakeServer.Settings()
    settings.acknowledgesResults = false
    let server = try FakeServer(settings)
    let group = try group(on: server)
    try group.add("print") { context in try context.setResult("done") }
    var events = group.events.makeAsyncIterator()
    try group.start()
    _ = try await server.first(\.hello)
    server.send { $0.offers = [offer(1)] }
    _ = try await server.outcome(of: offer(1).run)
    server.breakStream()
    let hello = try await server.first(\.hello)
    let result = Report.Event.succeeded(result: Array("done".utf8))
    #expect(hello.unsentResults == [Report(run: offer(1).run, event: result)])
    #expect(await events.next() == .connected(server: server.address))
    guard case .disconnected? = await events.next(), case .reconnecting? = await events.next()
    else {
      Issue.record("the loss was not announced")
      return
    }
    #expect(await events.next() == .reconnected(server: server.address))
    server.send { $0.resultAcks = [offer(1).run] }
    await end(group, server)
  }

  @Test func `a cancelled run sees why, and reports that it stopped`() async throws {
    let server = try FakeServer()
    let group = try group(on: server)
    let seen = Mutex<CancellationReason?>(nil)
    try group.add("print") { context in
      do { try await Task.sleep(for: .seconds(60)) } catch {
        seen.withLock { $0 = context.cancellationReason }
        throw error
      }
    }
    try group.start()
    _ = try await server.first(\.hello)
    server.send { $0.offers = [offer(1)] }
    server.send { $0.cancels = [Cancel(run: offer(1).run, reason: .totalTimeout)] }
    guard case .stopped? = try await server.outcome(of: offer(1).run).last else {
      Issue.record("the run did not report that it stopped")
      return
    }
    #expect(seen.withLock { $0 } == .totalTimeout)
    await end(group, server)
  }

  @Test func `an offer that arrives twice runs once, and a revoked run is dropped`() async throws {
    let server = try FakeServer()
    let group = try group(on: server)
    let runs = Mutex<[UInt64]>([])
    try group.add("print") { context in
      runs.withLock { $0.append(context.taskInfo.fencingEpoch) }
      if context.taskInfo.fencingEpoch == 1 { try await Task.sleep(for: .seconds(60)) }
    }
    try group.start()
    _ = try await server.first(\.hello)
    server.send { $0.offers = [offer(1), offer(1)] }
    server.send { $0.revokes = [offer(1).run] }
    server.send { $0.offers = [offer(1), offer(2), offer(2)] }
    let events = try await server.outcome(of: offer(2).run)
    #expect(events.last == .succeeded(result: nil))
    await end(group, server)
    #expect(runs.withLock { $0.sorted() } == [1, 2])
  }

  @Test func `a worker without answers cancels its handlers before the lease ends`() async throws {
    var settings = FakeServer.Settings()
    settings.answersHeartbeats = false
    settings.lease = .milliseconds(500)
    settings.offers = [offer(1)]
    let server = try FakeServer(settings)
    let group = try group(on: server)
    let (reasons, cancelled) = AsyncStream.makeStream(of: CancellationReason?.self)
    try group.add("print") { context in
      do { try await Task.sleep(for: .seconds(60)) } catch {
        cancelled.yield(context.cancellationReason)
        throw error
      }
    }
    try group.start()
    for await reason in reasons {
      #expect(reason == .leaseLost)
      break
    }
    await end(group, server)
  }

  @Test func `handlers that block every thread do not stall heartbeats`() async throws {
    let gates = (0..<8).map { _ in DispatchSemaphore(value: 0) }
    var settings = FakeServer.Settings()
    settings.lease = .milliseconds(300)
    settings.heardHeartbeat = { number in
      if number == 4 { for gate in gates { gate.signal() } }
    }
    let server = try FakeServer(settings)
    let group = try group(on: server, capacity: 8)
    try group.add("print") { context in
      let gate = gates[Int(context.taskInfo.fencingEpoch) - 1]
      guard block(on: gate) else { throw JobFailure("no heartbeat came") }
    }
    try group.start()
    _ = try await server.first(\.hello)
    server.send { $0.offers = (1...8).map { offer($0) } }
    var outcomes: [Report.Event] = []
    while outcomes.count < 8 {
      outcomes += try await server.first { $0.reports.map(\.event).filter(\.isFinal) }
    }
    #expect(outcomes.allSatisfy { $0 == .succeeded(result: nil) })
    await end(group, server)
  }

  @Test func `a group that stops lets its handlers finish`() async throws {
    let server = try FakeServer()
    let group = try group(on: server)
    let (finish, mayFinish) = AsyncStream.makeStream(of: Never.self)
    try group.add("print") { _ in for await _ in finish {} }
    try group.start()
    _ = try await server.first(\.hello)
    server.send { $0.offers = [offer(1)] }
    _ = try await server.first { $0.reports.first }
    group.stop()
    _ = try await server.first { $0.isDraining ? true : nil }
    mayFinish.finish()
    #expect(try await server.outcome(of: offer(1).run) == [.succeeded(result: nil)])
    await group.wait()
    for await event in server.events {
      if case .closed(let status) = event {
        #expect(status.code == .ok)
        break
      }
    }
    await server.shutDown()
  }

  @Test func `a worker whose token is refused keeps trying and says why`() async throws {
    let method = GRPCMethod.bidirectional("/tompion.worker.v1.WorkerService/Connect") {
      stream throws(GRPCStatus) in
      throw GRPCStatus(.unauthenticated, stream.metadata["authorization"] ?? "none")
    }
    let server = try GRPCServer(configuration: GRPCServerConfiguration(), methods: [method])
    var configuration = WorkerConfiguration()
    configuration.servers = ["127.0.0.1:\(try server.start().port)"]
    configuration.token = "secret"
    let group = try WorkerGroup(configuration: configuration)
    try group.add("print") { _ in }
    let events = group.events
    try group.start()
    var attempts = 0
    for await event in events {
      if case .reconnecting = event { attempts += 1 }
      if attempts == 2 { break }
    }
    group.stop()
    await group.wait()
    await server.shutdown(grace: .zero)
  }

  @Test func `handlers have names of their own, and are added before the start`() async throws {
    let group = try WorkerGroup(configuration: WorkerConfiguration())
    #expect(throws: WorkerError.noHandlers) { try group.start() }
    try group.add("print") { _ in }
    #expect(throws: WorkerError.duplicateHandler("print")) { try group.add("print") { _ in } }
    #expect(throws: WorkerError.badName("")) { try group.add("") { _ in } }
    try group.start()
    #expect(throws: WorkerError.alreadyStarted) { try group.add("staple") { _ in } }
    #expect(throws: WorkerError.alreadyStarted) { try group.start() }
    group.stop()
    await group.wait()
  }

  @Test func `a disabled group connects to nothing and waits to be stopped`() async throws {
    let server = try FakeServer()
    var configuration = WorkerConfiguration()
    configuration.servers = [server.address]
    configuration.isDisabled = true
    let group = try WorkerGroup(configuration: configuration)
    try group.add("print") { _ in }
    try group.start()
    group.stop()
    await group.wait()
    await server.shutDown()
    for await _ in server.events { Issue.record("the group connected") }
  }

  @Test func `a disabled handler is not registered`() async throws {
    let server = try FakeServer()
    var configuration = WorkerConfiguration()
    configuration.servers = [server.address]
    configuration.handlers["staple"] = .init(isDisabled: true)
    let group = try WorkerGroup(configuration: configuration)
    try group.add("print") { _ in }
    try group.add("staple") { _ in }
    try group.start()
    #expect(try await server.first(\.hello).handlers == ["print"])
    await end(group, server)
  }

  @Test func `cancelling the task that waits ends the group`() async throws {
    let server = try FakeServer()
    let group = try group(on: server)
    try group.add("print") { _ in try await Task.sleep(for: .seconds(60)) }
    try group.start()
    _ = try await server.first(\.hello)
    server.send { $0.offers = [offer(1)] }
    _ = try await server.first { $0.reports.first }
    let waiting = Task { await group.wait() }
    waiting.cancel()
    await waiting.value
    #expect(try await server.outcome(of: offer(1).run).last == .released)
    await server.shutDown()
  }
}

/// Holds the thread, as a handler never should.
private func block(on gate: DispatchSemaphore) -> Bool {
  gate.wait(timeout: .now() + .seconds(5)) == .success
}
