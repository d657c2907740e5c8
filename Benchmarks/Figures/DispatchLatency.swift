import PlatformRuntime

/// From the start of a submission to the entry of its handler, on an idle system.
enum DispatchLatency {
  private static let samples = 500

  static func measure(_ options: Options) async throws -> [Figure] {
    let server = try await ServerProcess(options)
    defer { server.stop() }
    let worker = try WorkerProcess(server, capacity: 10, handler: .probe)
    defer { worker.stop() }
    for await line in worker.lines where line == "connected" { break }
    try options.note(server, worker)
    let submitter = Submitter(channel: server.channel)
    var times: [Double] = []
    for number in 0..<(samples + 20) {
      try await Task.sleep(for: .milliseconds(Int.random(in: 2...15)))
      let begun = SystemClock.monotonic
      try await submitter.submit(to: "probe", param: "\(number)")
      let entered = try await worker.instant(of: "probe")
      if number >= 20 { times.append((entered - begun).milliseconds) }  // The first ones warm up.
    }
    let floor = try await MachineFloor.roundTripsWithSync(samples, server)
    return [("dispatch_p50_ms", 0.5), ("dispatch_p99_ms", 0.99)].map { name, part in
      Figure(
        name: name,
        value: times.percentile(part),
        unit: "ms",
        floor: floor.percentile(part),
        config: [("samples", Double(samples)), ("pause_ms_max", 15)]
      )
    }
  }
}
