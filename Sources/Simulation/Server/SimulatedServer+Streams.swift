import Engine
import Server
import Store
import TompionTesting
import Wire

/// What `WorkerService` and `Dispatcher` do with the streams of workers.
extension SimulatedServer {
  func received(_ bytes: [UInt8], on connection: Connection) {
    let message: FromWorker
    do throws(WireError) {
      message = try decode(bytes)
    } catch {
      return world.oracle.fail(
        .i11,
        "a message of \(connection.worker.name) is unreadable: \(error)"
      )
    }
    let isFirst = connection.session == nil
    guard (message.hello != nil) == isFirst else {
      return world.oracle.fail(.i11, "\(connection.worker.name) spoke out of turn")
    }
    let session = identify(connection)
    if let hello = message.hello { return greet(hello, session, connection) }
    take(message, on: session)
  }

  private func decode(_ bytes: [UInt8]) throws(WireError) -> FromWorker {
    let result = unsafe bytes.withUnsafeBytes { buffer -> Result<FromWorker, WireError> in
      do throws(WireError) {
        return .success(try unsafe FromWorker(decoding: buffer))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func identify(_ connection: Connection) -> SessionID {
    if let session = connection.session { return session }
    lastSession += 1
    connection.session = lastSession
    connections[lastSession] = connection
    dispatch.opened(lastSession)
    return lastSession
  }

  /// Takes in a message of a worker that has said hello.
  func take(_ message: FromWorker, on session: SessionID) {
    world.note(.receive, UInt64(session), UInt64(message.reports.count)) {
      "\(self.name) hears session \(session): \(self.world.text(message))"
    }
    let intake = dispatch.received(message, on: session, at: moment)
    if let boot = intake.boot, message.heartbeat != nil, world.store.homes[boot] == index {
      world.oracle.heard(from: boot)
    }
    if let boot = intake.boot, !intake.commands.isEmpty {
      report(intake.commands, of: boot)
    } else if intake.hasCredit {
      stir()
    }
    wake()
  }

  /// What a worker once said on another stream arrives again; only reports can be repeated.
  func receivedAgain(_ bytes: [UInt8], on session: SessionID) {
    guard isUp, let message = try? decode(bytes), !message.reports.isEmpty else { return }
    var repeated = FromWorker()
    repeated.reports = message.reports
    atOnce { [self] in if connections[session] != nil { take(repeated, on: session) } }
  }

  // MARK: Reports

  private func report(_ commands: [SlotCommand], of boot: BootID) {
    let place = unstored.place(commands, of: boot)
    guard case .first(let ticket) = place else { return dropIfCrowded(place, boot) }
    apply {
      commands
    } then: { [self] result in
      switch result {
      case .success(let verdicts):
        let stored = unstored.stored(commands, verdicts, ticket, of: boot)
        answer(stored.commands, stored.verdicts, boot)
      case .failure:
        dropIfCrowded(unstored.failed(commands, ticket, of: boot), boot)
      }
    }
    if world.twin?.acknowledgesAtOnce ?? false {
      answer(commands, commands.map { _ in .moved }, boot)
    }
  }

  private func answer(_ commands: [SlotCommand], _ verdicts: [Verdict], _ boot: BootID) {
    dispatch.answer(commands, verdicts, boot: boot)
    wake()
  }

  private func dropIfCrowded(_ place: UnstoredReports.Place, _ boot: BootID) {
    guard case .none = place else { return }
    dispatch.close(boot, .unstored)
    wake()
  }

  func retryUnstored() {
    for (boot, commands) in unstored.takeTurns() { retry(commands, of: boot) }
  }

  private func retry(_ commands: [SlotCommand], of boot: BootID) {
    apply {
      commands
    } then: { [self] result in
      guard case .success(let verdicts) = result else { return unstored.failed(boot) }
      unstored.tried(boot)
      let next = unstored.takeTurn(boot)
      answer(commands, verdicts, boot)
      if let next { retry(next, of: boot) }
    }
  }

  // MARK: Hello

  private func greet(_ hello: Hello, _ session: SessionID, _ connection: Connection) {
    world.note(.receive, UInt64(session), 0) {
      "\(self.name) hears session \(session): hello of \(hello.workerID), in flight "
        + self.world.text(hello.inFlight) + ", unsent "
        + self.world.text(hello.unsentResults.map(\.run))
    }
    world.store.read(for: self) { _ in
    } then: { [self] in
      world.store.betweenTransactions { [self] in
        atOnce { [self] in admit(hello, session, connection.worker.name) }
      }
    }
  }

  private func admit(_ hello: Hello, _ session: SessionID, _ peer: String) {
    switch dispatch.hello(hello, on: session, peer: peer, at: moment) {
    case .refused:
      wake()
    case .admitted(let unknown):
      world.oracle.admitted(hello)
      moveIn(hello.bootID)
      world.store.read(for: self) { tables in
        unknown.filter { Dispatch.isWanted($0, of: hello.bootID, in: tables.detail($0.slot.task)) }
      } then: { [self] wanted in
        welcome(hello, session, wanted: Set(wanted))
      }
    }
  }

  private func welcome(_ hello: Hello, _ session: SessionID, wanted: Set<RunID>) {
    let name = "\(hello.workerID)/\(session)"
    let lost = dispatch.welcome(session, sessionName: name, wanted: wanted, at: moment)
    let results = dispatch.unsentResults(hello.unsentResults, from: session, at: moment)
    wake()
    if !lost.isEmpty { command(lost) }
    if !results.isEmpty { report(results, of: hello.bootID) }
  }

  // MARK: Writing

  /// Does what the rules asked for.
  func wake() {
    let work = dispatch.takeWork()
    for session in work.wake.sorted() {
      if let connection = connections[session] { write(to: connection) }
    }
    for (session, reason) in work.close {
      if let connection = connections[session] { close(connection, reason) }
    }
  }

  func write(to connection: Connection) {
    guard let session = connection.session, !connection.toWorker.isWriting else { return }
    if let message = dispatch.nextMessage(session) {
      world.oracle.sent(message)
      world.note(.send, UInt64(session), UInt64(message.offers.count)) {
        "\(self.name) to session \(session): \(self.world.text(message))"
      }
      connection.writeToWorker(.message(message.encoded()))
    } else if connection.isFinishing {
      connection.writeToWorker(.end)
      connection.serverHasFinished()
    }
    if dispatch.matchmaker.canMatch { stir() }
  }

  private func close(_ connection: Connection, _ reason: Dispatch.CloseReason) {
    world.note(.connection, UInt64(connection.session ?? 0), 1) {
      "\(self.name) closes session \(connection.session ?? 0): \(reason)"
    }
    switch reason {
    case .replaced, .refused, .draining, .leaseLost:
      connection.isFinishing = true
      write(to: connection)
    case .tooSlow, .unstored:
      connection.cut(
        serverHearsAfter: .zero,
        workerHearsAfter: world.network.latency(&world.random)
      )
    }
  }

  func closed(_ connection: Connection) {
    guard let session = connection.session, connections[session] === connection else { return }
    connections[session] = nil
    dispatch.closed(session)
  }
}
