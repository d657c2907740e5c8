import Tompion

/// Takes `seconds` (60 unless set), and says why if it must stop earlier.
struct Slow: JobHandler {
  func run(_ context: JobContext) async throws {
    let info = context.taskInfo
    let seconds = Settings(info.param).number("seconds", default: 60, in: 0...86_400)
    say("\(info.workerID) slow run \(info.runInstanceID) starts, epoch \(info.fencingEpoch)")
    do {
      for second in 0..<seconds {
        try await Task.sleep(for: .seconds(1))
        context.progress(percent: 100 * (second + 1) / seconds)
      }
    } catch {
      let reason = context.cancellationReason.map { "\($0)" } ?? "unknown"
      say("\(info.workerID) slow run \(info.runInstanceID) stops: \(reason)")
      throw error
    }
    say("\(info.workerID) slow run \(info.runInstanceID) ends")
  }
}
