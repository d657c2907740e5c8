import Engine
import Store

/// One transaction that a server asks for, and what is to be done with its outcome.
struct StoreRequest {
  let server: SimulatedServer
  /// The server's life in which it was asked for.
  let life: Int
  /// Called when the transaction begins: what is written, and the commands that this carries out.
  /// Without an operation, matching runs alone.
  let prepare: () -> (operation: StoreOperation?, commands: [SlotCommand])
  /// What became of the commands, known at the commit.
  let verdicts: () -> [Verdict]
  /// Called in the server with `nil` once the answer is known, or with why there is none.
  let done: (StoreError?) -> Void
}

/// What becomes of a transaction.
enum CommitFate {
  case committed
  /// It is undone, and everybody is told.
  case failed
  /// It is committed. Matching finds out, but who asked is told that the store did not answer.
  case unknown
}

/// How the store fares.
struct StoreWeather {
  /// From the beginning of a transaction to its commit.
  var commitTime: ClosedRange<Duration> = .microseconds(100) ... .milliseconds(3)
  /// How often a commit takes much longer.
  var slowness = 0.0
  var slowCommitTime: ClosedRange<Duration> = .milliseconds(20) ... .milliseconds(600)
  /// How often a transaction fails, and how often its answer is lost.
  var failures = 0.0
  var unknowns = 0.0
  /// From a question to its answer, when only reading.
  var readTime: ClosedRange<Duration> = .microseconds(50) ... .milliseconds(4)

  static let calm = StoreWeather()
}
