import Foundation
import PlatformRuntime
import Synchronization

/// How fast tasks are submitted and run over five million finished ones, over how fast without any.
enum HistoryThroughput {
  private static let finished = 5_000_000

  /// Where the history lies that all runs copy: making it takes minutes.
  private static let made = Mutex<String?>(nil)

  static func measure(_ options: Options) async throws -> [Figure] {
    let history = try await history(options)
    let without = try await Durable.throughput(options, over: nil)
    let directory = Scratch.directory(options)
    try FileManager.default.copyItem(atPath: history, toPath: directory)
    let with = try await Durable.throughput(options, over: directory)
    return [
      Figure(
        name: "throughput_5m_history_ratio",
        value: with.rate / without.rate,
        unit: "ratio",
        config: [
          ("finished", Double(finished)), ("per_s_without", without.rate),
          ("per_s_with", with.rate),
        ]
      )
    ]
  }

  private static func history(_ options: Options) async throws -> String {
    if let directory = made.withLock(\.self) { return directory }
    let directory = Scratch.directory(options)
    let begun = SystemClock.monotonic
    try await Stock.prepare(directory) { try await Stock.addHistory(finished, to: $0) }
    let taken = (SystemClock.monotonic - begun).seconds
    say("  \(finished) finished tasks made in \(Int(taken)) s")
    made.withLock { $0 = directory }
    return directory
  }
}
