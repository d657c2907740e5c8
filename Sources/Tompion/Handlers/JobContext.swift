/// What a handler knows, and how it speaks to the server while it runs. To be used until `run`
/// returns; afterwards it does nothing.
public struct JobContext: Sendable {
  let run: ActiveRun

  /// What is to be done.
  public var taskInfo: TaskInfo { run.info }

  /// Why the handler should stop; `nil` while it should go on. Once set, the task is cancelled.
  public var cancellationReason: CancellationReason? { run.cancellationReason }

  /// Lines for the log of this run, which the server keeps.
  public var log: JobLog { JobLog(run: run) }

  /// Says that the handler gets on, which restarts the heartbeat limit of the run.
  ///
  /// Cheap, and only the newest is sent: call it as often as it is true.
  ///
  /// - Parameters:
  ///   - percent: How much is done; brought into 0 to 100. `nil` when unknown.
  ///   - note: A word about it; what is longer than 1,024 bytes is cut.
  public func progress(percent: Int? = nil, note: String? = nil) {
    run.progress(percent: percent, note: note)
  }

  /// Sets the result that goes with success, in place of one set before.
  ///
  /// - Throws: `ResultTooLarge` beyond what the server takes, which is 256 KiB by default.
  public func setResult(_ bytes: [UInt8]) throws(ResultTooLarge) {
    try run.setResult(bytes)
  }

  /// Sets the result that goes with success, as UTF-8.
  public func setResult(_ text: String) throws(ResultTooLarge) {
    try run.setResult(Array(text.utf8))
  }

  /// The result set so far; `nil` when there is none.
  public var result: [UInt8]? { run.result }
}
