import Foundation
import PlatformRuntime

/// What 2,000 connected workers that have nothing to do cost the server: memory, and processor time.
enum IdleWorkers {
  private static let workers = 2_000
  private static let processes = 2

  static func measure(_ options: Options) async throws -> [Figure] {
    let server = try await ServerProcess(options)
    defer { server.stop() }
    // The first brings into memory what is there once, whatever their number.
    let first = try CrowdProcess(server, workers: 1, named: "first")
    defer { first.stop() }
    try await untilConnected(1, server)
    let before = try await ProcessMemory.settled(of: server.id)
    let begun = SystemClock.monotonic
    let crowds = try (0..<processes).map {
      try CrowdProcess(server, workers: workers / processes, named: "crowd-\($0)")
    }
    defer { for crowd in crowds { crowd.stop() } }
    try await untilConnected(workers + 1, server)
    let connecting = (SystemClock.monotonic - begun).seconds
    let after = try await ProcessMemory.settled(of: server.id)
    let seconds = options.seconds ?? 30
    let processor = try ProcessTimes.microseconds(of: server.id)
    try await Task.sleep(for: .seconds(seconds))
    let used = try ProcessTimes.microseconds(of: server.id) - processor
    try await untilConnected(workers + 1, server)  // All of them are still there.
    let config = [
      ("workers", Double(workers)), ("processes", Double(processes)),
      ("connecting_s", connecting), ("seconds", Double(seconds)),
    ]
    return [
      Figure(
        name: "idle_workers_2000_mb",
        value: after - before,
        unit: "MB",
        config: config + [("before_mb", before), ("after_mb", after)]
      ),
      Figure(
        name: "idle_workers_2000_cpu_percent",
        value: used / Double(seconds) / 10_000,
        unit: "% of a core",
        config: config
      ),
    ]
  }

  private static func untilConnected(_ count: Int, _ server: ServerProcess) async throws {
    for _ in 0..<600 {
      if try await Int(server.metrics()["tompion_sessions"]) == count { return }
      try await Task.sleep(for: .milliseconds(200))
    }
    let found = try await Int(server.metrics()["tompion_sessions"])
    throw BenchError("\(found) of \(count) workers are connected; is `ulimit -n` above 4,100?")
  }
}
