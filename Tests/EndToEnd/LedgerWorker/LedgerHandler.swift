import Tompion

/// Takes as long as its parameter says (`ms=250`), with evidence before and after.
///
/// With `fail` in the parameter it fails; with `stubborn` it works on when it is cancelled.
struct LedgerHandler: JobHandler {
  let ledger: Ledger
  let fence: FencedResource?

  func run(_ context: JobContext) async throws {
    let info = context.taskInfo
    try ledger.note("start", info)
    try write(info)
    do {
      try await work(info.param)
    } catch {
      try ledger.note("stopped", info)
      throw error
    }
    if info.param.contains("fail") {
      try ledger.note("failed", info)
      throw JobFailure("failed as asked")
    }
    try write(info)
    try ledger.note("succeeded", info)
    try context.setResult(Array(info.paramBytes.prefix(256)))
  }

  private func work(_ param: String) async throws {
    let words = param.split(separator: " ")
    let pause = words.compactMap { $0.hasPrefix("ms=") ? Int($0.dropFirst(3)) : nil }.first ?? 0
    guard words.contains("stubborn") else { return try await Task.sleep(for: .milliseconds(pause)) }
    // Not a child, so that cancelling the run does not reach it; it is awaited right here.
    await Task { try? await Task.sleep(for: .milliseconds(pause)) }.value
  }

  private func write(_ info: TaskInfo) throws {
    guard let fence, try !fence.write(info) else { return }
    try ledger.note("fenced", info)
    throw JobFailure("a later run has been there", retryable: false)
  }
}
