import Tompion

/// Fails its first `failures` attempts (2 unless set) and then succeeds.
struct Flaky: JobHandler {
  func run(_ context: JobContext) async throws {
    let attempt = context.taskInfo.attempt
    let failures = Settings(context.taskInfo.param).number("failures", default: 2, in: 0...1_000)
    say("\(context.taskInfo.workerID) flaky attempt \(attempt)")
    guard attempt > failures else { throw JobFailure("attempt \(attempt) fails as planned") }
    try context.setResult("attempt \(attempt)")
  }
}
