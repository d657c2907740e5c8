import PlatformRuntime

/// How fast one worker empties a full queue, and what that costs either side.
enum Drain {
  private static let batch = 1_000
  private static let capacity = 1_000

  static func measure(_ options: Options) async throws -> [Figure] {
    let server = try await ServerProcess(options)
    defer { server.stop() }
    let tasks = options.tasks
    let begun = SystemClock.monotonic
    try await Submitter(channel: server.channel)
      .submit(tasks, to: "noop", batch: batch, inFlight: 4)
    let submitted = Double(tasks) / (SystemClock.monotonic - begun).seconds
    let before = try ProcessTimes.microseconds(of: server.id)
    let worker = try WorkerProcess(server, capacity: capacity, expecting: tasks)
    defer { worker.stop() }
    try options.note(server, worker)
    let first = try await worker.instant(of: "first")
    _ = try await worker.instant(of: "last")
    try await server.untilCompleted(tasks)
    let drained = Double(tasks) / (SystemClock.monotonic - first).seconds
    let serverCPU = try (ProcessTimes.microseconds(of: server.id) - before) / Double(tasks)
    let workerCPU = try ProcessTimes.microseconds(of: worker.id) / Double(tasks)
    let commits = try await commitSize(server)
    worker.stop()
    let floor = try await StoreFloor.measure(tasks, batch: batch, in: server.directory)
    let config = [("tasks", Double(tasks)), ("batch", Double(batch))]
    let draining = config + [("capacity", Double(capacity)), ("changes_per_commit", commits)]
    return [
      Figure(
        name: "submit_bulk_per_s",
        value: submitted,
        unit: "tasks/s",
        floor: floor.inserted,
        config: config + [("in_flight", 4)]
      ),
      Figure(
        name: "drain_per_s",
        value: drained,
        unit: "tasks/s",
        floor: floor.drained,
        config: draining
      ),
      Figure(
        name: "server_cpu_us_per_task",
        value: serverCPU,
        unit: "us",
        floor: floor.drainCPU,
        config: draining
      ),
      Figure(name: "sdk_cpu_us_per_task", value: workerCPU, unit: "us", config: draining),
    ]
  }

  private static func commitSize(_ server: ServerProcess) async throws -> Double {
    let metrics = try await server.metrics()
    return metrics["tompion_commit_changes_sum"] / metrics["tompion_commit_changes_count"]
  }
}
