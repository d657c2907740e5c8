import Engine
import Wire

@testable import Tompion

extension FuzzTarget {
  /// A worker whose server says anything at any time.
  ///
  /// Whatever it is told, what it says is what a server can read.
  static let workerSession = FuzzTarget("worker-session", longest: 2_048) { input in
    var run = WorkerRun()
    var script = Script(input)
    for _ in 0..<200 {
      guard let step = script.byte() else { break }
      try run.take(step, &script)
    }
  }
}

/// A worker's session, driven step by step.
private struct WorkerRun {
  private var session: WorkerSession
  private var now = Moment(elapsed: .seconds(1_000), wall: Timestamp(seconds: 1_800_000_000))
  /// The runs that are in a handler.
  private var running: [RunID] = []

  init() {
    var settings = SessionSettings(
      workerID: "w",
      bootID: BootID(UUIDv7(high: 1, low: 2)),
      handlers: ["h", "i"],
      capacity: 4
    )
    settings.serverCount = 2
    session = WorkerSession(settings: settings, seed: 1, at: now)
    session.advance(to: now)
  }

  mutating func take(_ step: UInt8, _ script: inout Script) throws {
    switch step % 8 {
    case 0, 1:
      let bytes = script.bytes()
      if let message = try? unsafe bytes.withUnsafeBytes({ try unsafe FromServer(decoding: $0) }) {
        session.received(message, at: now)
      } else {
        session.streamSpoke(nonsense: "nonsense", at: now)
      }
    case 2: advance(by: .milliseconds(250 * Int(script.byte() ?? 0)))
    case 3: session.streamBroke("broken", at: now)
    case 4: end(script.byte() ?? 0)
    case 5: session.shutDown(grace: .seconds(Int(script.byte() ?? 0)), at: now)
    case 6: tell(script.byte() ?? 0)
    default: advanceToDeadline()
    }
    obey()
    try speak()
    obey()
  }

  private mutating func advance(by step: Duration) {
    now.elapsed += step
    now.wall = now.wall + step
    session.advance(to: now)
  }

  private mutating func advanceToDeadline() {
    guard let deadline = session.nextDeadline, deadline > now.elapsed else { return }
    advance(by: deadline - now.elapsed)
  }

  private mutating func end(_ way: UInt8) {
    guard !running.isEmpty else { return }
    let run = running.removeFirst()
    switch way % 3 {
    case 0: session.ended(run, .returned(result: [way]), at: now)
    case 1:
      session.ended(
        run,
        .threw(Report.Failure(message: "no", isRetryable: way > 127)),
        at: now
      )
    default: session.ended(run, .stopped, at: now)
    }
  }

  private mutating func tell(_ what: UInt8) {
    guard let run = running.first else { return }
    session.progressed(run, percent: Int(what % 101), note: "note", at: now)
    session.logged(Report.LogLine(at: now.wall, level: .info, message: "line"), by: run)
  }

  private mutating func obey() {
    for action in session.takeActions() {
      if case .start(let offer) = action { running.append(offer.run) }
    }
  }

  /// Whatever it says must be what a server can read.
  private mutating func speak() throws {
    for _ in 0..<20 {
      guard let message = session.nextMessage(at: now) else { return }
      let bytes = message.encoded()
      let again = try? unsafe bytes.withUnsafeBytes { try unsafe FromWorker(decoding: $0) }
      try demand(again == message, "\(message) reads as \(again as Any)")
    }
  }
}
