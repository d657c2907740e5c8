import PlatformRuntime

/// Single submissions, each a call of its own and durable when answered, many at a time.
enum ConcurrentSubmits {
  private static let inFlight = 64
  private static let calls = 64 * 500

  static func measure(_ options: Options) async throws -> [Figure] {
    let server = try await ServerProcess(options)
    defer { server.stop() }
    let floor = try await MachineFloor.callsPerSecond(calls, inFlight: inFlight, server)
    let begun = SystemClock.monotonic
    try await CallLoad.make(calls, inFlight: inFlight, Submitter.one("noop"), on: server.channel)
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
