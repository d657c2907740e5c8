import Engine
import PlatformLogging
package import Store
import Synchronization
package import Wire

/// Matching at work: carries what happens between the workers' streams, the rules of `Dispatch`, and
/// the store.
///
/// It is called on the streams' thread, on the store's writer, and by its own tick; it holds its lock
/// for memory only, never across a call to either.
package final class Dispatcher: Sendable {
  package typealias SessionID = Dispatch.SessionID

  /// A worker's stream, as matching needs it.
  package protocol Stream: Sendable {
    /// There is something to write: `Dispatcher.nextMessage(_:)` hands it out.
    func wake()
    func close(_ reason: Dispatch.CloseReason)
  }

  let state: Mutex<Dispatch>
  private let streams = Mutex<(last: SessionID, open: [SessionID: any Stream])>((0, [:]))
  private let attached = Mutex<(any Store)?>(nil)
  /// Reports that the store could not take; they are tried again.
  private let unstored = Mutex(UnstoredReports())
  let log: LogBuffer
  let clocks: Clocks
  let logger = Logger(label: "tompion.matching")

  package init(lease: Duration, clocks: Clocks) {
    state = Mutex(Dispatch(lease: lease, now: clocks.now))
    log = LogBuffer()
    self.clocks = clocks
  }

  /// Names the store whose matching this is; once, before any stream opens.
  package func attach(_ store: any Store) {
    attached.withLock { $0 = store }
  }

  var store: any Store {
    guard let store = attached.withLock({ $0 }) else {
      preconditionFailure("matching was used before its store was attached")
    }
    return store
  }

  // MARK: Streams

  package func open(_ stream: any Stream) -> SessionID {
    let session = streams.withLock { streams in
      streams.last += 1
      streams.open[streams.last] = stream
      return streams.last
    }
    state.withLock { $0.opened(session) }
    return session
  }

  package func closed(_ session: SessionID) {
    _ = streams.withLock { $0.open.removeValue(forKey: session) }
    state.withLock { $0.closed(session) }
  }

  package func nextMessage(_ session: SessionID) -> FromServer? {
    let (message, canMatch) = state.withLock { state in
      (state.nextMessage(session), state.matchmaker.canMatch)
    }
    if canMatch { store.stir() }  // There is room for more offers.
    return message
  }

  /// Takes in one message of a worker.
  package func received(_ message: FromWorker, on session: SessionID, peer: String) {
    if let hello = message.hello { return greet(hello, session, peer) }
    let intake = state.withLock { $0.received(message, on: session, at: clocks.now) }
    log.append(intake.log)
    if let boot = intake.boot, !intake.commands.isEmpty {
      report(intake.commands, of: boot)
    } else if intake.hasCredit {
      store.stir()
    }
    wake()
  }

  /// Stores reports, and answers them once they are stored.
  private func report(_ commands: [SlotCommand], of boot: BootID) {
    let place = unstored.withLock { $0.place(commands, of: boot) }
    guard case .first(let ticket) = place else { return dropIfCrowded(place, boot) }
    store.apply(commands) { [self] result in
      switch result {
      case .success(let verdicts):
        let stored = unstored.withLock { $0.stored(commands, verdicts, ticket, of: boot) }
        state.withLock { $0.answer(stored.commands, stored.verdicts, boot: boot) }
        wake()
      case .failure:
        dropIfCrowded(unstored.withLock { $0.failed(commands, ticket, of: boot) }, boot)
      }
    }
  }

  /// A worker whose reports found no room is sent away, and says them anew when it is back.
  private func dropIfCrowded(_ place: UnstoredReports.Place, _ boot: BootID) {
    guard case .none = place else { return }
    state.withLock { $0.close(boot, .unstored) }
    wake()
  }

  /// Does what the rules asked for, outside the lock: writing may call back at once.
  func wake() {
    let work = state.withLock { $0.takeWork() }
    guard !work.wake.isEmpty || !work.close.isEmpty else { return }
    let (toWake, toClose) = streams.withLock { streams in
      (work.wake.map { streams.open[$0] }, work.close.map { (streams.open[$0.session], $0.reason) })
    }
    for stream in toWake { stream?.wake() }
    for (stream, reason) in toClose { stream?.close(reason) }
  }

  // MARK: Hello

  /// Looks into the store before it admits a worker.
  ///
  /// Nobody waits for the task: it ends with the store's answers, and the stream may be gone by then.
  private func greet(_ hello: Hello, _ session: SessionID, _ peer: String) {
    Task {
      do throws(StoreError) {
        guard try await self.store.namespace(hello.namespace) != nil else {
          return self.turnAway(
            session,
            Refuse(
              code: "invalid",
              reason: "there is no namespace \(hello.namespace)",
              retryAfter: .seconds(5)
            )
          )
        }
        try await self.admit(hello, session, peer)
      } catch {
        self.turnAway(
          session,
          Refuse(code: "unavailable", reason: error.message, retryAfter: .seconds(1))
        )
      }
    }
  }

  private func admit(_ hello: Hello, _ session: SessionID, _ peer: String) async throws(StoreError)
  {
    let admission = state.withLock { $0.hello(hello, on: session, peer: peer, at: clocks.now) }
    switch admission {
    case .refused:
      logger.notice("worker refused", metadata: ["worker": "\(hello.workerID)", "peer": "\(peer)"])
      wake()
    case .admitted(let unknown):
      let wanted = try await stillWanted(unknown, boot: hello.bootID)
      welcome(hello, session, wanted: wanted)
    }
  }

  private func turnAway(_ session: SessionID, _ refusal: Refuse) {
    state.withLock { $0.refuse(session, refusal) }
    wake()
  }

  private func welcome(_ hello: Hello, _ session: SessionID, wanted: Set<RunID>) {
    let now = clocks.now
    let name = "\(hello.workerID)/\(session)"
    let (lost, results) = state.withLock { state in
      let lost = state.welcome(session, sessionName: name, wanted: wanted, at: now)
      return (lost, state.unsentResults(hello.unsentResults, from: session, at: now))
    }
    logger.info(
      "worker connected",
      metadata: [
        "worker": "\(hello.workerID)", "namespace": "\(hello.namespace)",
        "handlers": "\(hello.handlers.count)", "resumed": "\(hello.inFlight.count)",
      ]
    )
    wake()
    if !lost.isEmpty { command(lost) }
    if !results.isEmpty { report(results, of: hello.bootID) }
  }

  /// The runs whose results would still be taken, although their lease was lost.
  private func stillWanted(
    _ runs: [RunID],
    boot: BootID
  ) async throws(StoreError) -> Set<RunID> {
    var wanted: Set<RunID> = []
    for run in runs
    where Dispatch.isWanted(run, of: boot, in: try await store.task(run.slot.task)) {
      wanted.insert(run)
    }
    return wanted
  }

  // MARK: Upkeep

  /// Applies commands of the server's own; a refusal means that somebody was faster.
  func command(_ commands: [SlotCommand]) {
    store.apply(commands) { [logger] result in
      guard case .failure(let error) = result else { return }
      logger.warning("cannot move slots, trying again", metadata: ["error": "\(error)"])
    }
  }

  func retryUnstored() {
    for (boot, commands) in unstored.withLock({ $0.takeTurns() }) { retry(commands, of: boot) }
  }

  private func retry(_ commands: [SlotCommand], of boot: BootID) {
    store.apply(commands) { [self] result in
      guard case .success(let verdicts) = result else {
        return unstored.withLock { $0.failed(boot) }
      }
      let next = unstored.withLock { unstored in
        unstored.tried(boot)
        return unstored.takeTurn(boot)
      }
      state.withLock { $0.answer(commands, verdicts, boot: boot) }
      wake()
      if let next { retry(next, of: boot) }
    }
  }

  /// Writes down the log lines that have gathered.
  func keepLog() async {
    let lines = log.take()
    guard !lines.isEmpty else { return }
    do {
      try await store.append(lines)
    } catch {
      log.append(lines)
    }
  }

  /// Tells every worker when to come back, spread over two seconds, and hands out nothing more.
  package func drain() {
    state.withLock { $0.drainAll { _ in .milliseconds(Int64.random(in: 200...2_000)) } }
    wake()
  }

  /// Hangs up where nothing is in hand.
  func closeIdle() {
    state.withLock { $0.closeIdle() }
    wake()
  }

  /// Reaps nothing for one lease and 5 s: what the clocks said before no longer holds.
  package func startGrace() {
    state.withLock { $0.startGrace(clocks.now) }
  }

  /// Hands over slots whose time has come.
  func ready(_ slots: [ReadySlot]) {
    state.withLock { state in
      for slot in slots { state.matchmaker.add(slot) }
    }
    store.stir()
  }

  /// Fills a queue with the first of its slots in the store.
  func fill(_ queue: QueueKey) async throws(StoreError) {
    let bound = state.withLock(\.matchmaker.queueBound)
    let slots = try await store.readySlots(queue, readyBy: clocks.wall(), limit: bound)
    state.withLock { $0.matchmaker.refill(queue, with: slots, isAll: slots.count < bound) }
    store.stir()
  }

  /// Whether any worker's stream is open.
  var hasStreams: Bool { streams.withLock { !$0.open.isEmpty } }

  package func restore(_ slots: [SlotInHand]) {
    state.withLock { $0.restore(slots, at: clocks.now) }
  }
}

extension Dispatcher: Matching {
  package func bind(after changes: [SlotChange]) -> [SlotCommand] {
    let bindings = state.withLock { $0.bind(after: changes, now: clocks.wall()) }
    if bindings.count == Dispatch.bindingLimit { store.stir() }  // There may be more to bind.
    return bindings
  }

  package func committed(_ commit: Commit) {
    let canMatch = state.withLock { state in
      state.committed(commit, at: clocks.now)
      return state.matchmaker.canMatch
    }
    if canMatch { store.stir() }  // Places and credits that came free may serve other slots.
    wake()
  }

  package func undone(_ bindings: [SlotCommand]) {
    state.withLock { $0.undone(bindings) }
  }
}
