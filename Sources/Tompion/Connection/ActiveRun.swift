internal import Engine
internal import Synchronization
internal import Wire

/// One run whose handler is entered: what its context refers to, and what cancels it.
final class ActiveRun: Sendable {
  private struct State {
    var task: Task<Void, Never>?
    var reason: CancellationReason?
    var result: [UInt8]?
  }

  let info: TaskInfo
  private let connection: WorkerConnection
  private let state = Mutex(State())

  init(_ info: TaskInfo, on connection: WorkerConnection) {
    self.info = info
    self.connection = connection
  }

  private var id: RunID { info.offer.run }

  /// Enters the handler in a task of its own. The connection waits for it: it is told the outcome,
  /// and does not finish before.
  func start(_ handler: any JobHandler) {
    let task = Task {
      let outcome = await self.outcome(of: handler)
      self.connection.ended(self.id, outcome)
    }
    let isCancelled = state.withLock { state in
      state.task = task
      return state.reason != nil
    }
    if isCancelled { task.cancel() }
  }

  private func outcome(of handler: any JobHandler) async -> WorkerSession.Outcome {
    do {
      try await handler.run(JobContext(run: self))
      return .returned(result: result)
    } catch is CancellationError {
      return .stopped
    } catch let failure as JobFailure {
      return .threw(
        Report.Failure(
          message: failure.message.clipped(to: WireLimits.failure),
          isRetryable: failure.retryable,
          retryAfter: failure.retryAfter.map { max($0, .zero) }
        )
      )
    } catch {
      return .threw(Report.Failure(message: "\(error)".clipped(to: WireLimits.failure)))
    }
  }

  func cancel(_ reason: CancellationReason) {
    let task = state.withLock { state in
      if state.reason == nil { state.reason = reason }
      return state.task
    }
    task?.cancel()
  }

  var cancellationReason: CancellationReason? { state.withLock { $0.reason } }

  var result: [UInt8]? { state.withLock { $0.result } }

  func setResult(_ bytes: [UInt8]) throws(ResultTooLarge) {
    let limit = connection.resultLimit
    guard bytes.count <= limit else { throw ResultTooLarge(count: bytes.count, limit: limit) }
    state.withLock { $0.result = bytes }
  }

  func progress(percent: Int?, note: String?) {
    connection.progressed(
      id,
      percent: percent.map { min(max($0, 0), 100) },
      note: note?.clipped(to: WireLimits.note)
    )
  }

  func log(_ line: Report.LogLine) {
    connection.logged(line, by: id)
  }
}
