import PlatformRuntime

/// Single submissions, each a call of its own and durable when answered, many at a time.
enum ConcurrentSubmits {
  private static let inFlight = 64
  private static let calls = 64 * 500

  static func measure(_ options: Options) async throws -> [Figure] {
    let server = try await ServerProcess(options)
    defer { server.stop() }
    let floor = try await MachineFloor.callsPerSecond(calls, inFlight: inFlight, server)
    let submitter = Submitter(channel: server.channel)
    let begun = SystemClock.monotonic
    try await withThrowingTaskGroup { group in
      for _ in 0..<inFlight {
        group.addTask {
          for _ in 0..<(calls / inFlight) { try await submitter.submit(to: "noop", param: "") }
        }
      }
      try await group.waitForAll()
    }
    return [
      Figure(
        name: "submit_concurrent_per_s",
        value: Double(calls) / (SystemClock.monotonic - begun).seconds,
        unit: "tasks/s",
        floor: floor,
        config: [("calls", Double(calls)), ("in_flight", Double(inFlight))]
      )
    ]
  }
}
