import Foundation
import PlatformGRPC
import PlatformRuntime

/// What the machine itself takes for the steps that cannot be left out.
enum MachineFloor {
  /// One empty call over gRPC to the server, and one durable append to its disk: milliseconds of both
  /// together, one after the other, `count` times.
  static func roundTripsWithSync(_ count: Int, _ server: ServerProcess) async throws -> [Double] {
    let file = try SyncedFile(in: server.directory)
    var times: [Double] = []
    for _ in 0..<count {
      try await Task.sleep(for: .milliseconds(Int.random(in: 1...5)))
      let begun = SystemClock.monotonic
      try await emptyCall(server)
      try file.append()
      times.append((SystemClock.monotonic - begun).milliseconds)
    }
    return times
  }

  /// By how many milliseconds a sleeping thread wakes too late and has then written durably.
  static func alarmsWithSync(_ count: Int, _ directory: String) throws -> [Double] {
    let file = try SyncedFile(in: directory)
    var times: [Double] = []
    for _ in 0..<count {
      let due = SystemClock.monotonic + .microseconds(Int.random(in: 1_000...5_000))
      Thread.sleep(forTimeInterval: (due - SystemClock.monotonic).seconds)
      try file.append()
      times.append((SystemClock.monotonic - due).milliseconds)
    }
    return times
  }

  /// Empty calls in a second, so many at a time.
  static func callsPerSecond(
    _ count: Int,
    inFlight: Int,
    _ server: ServerProcess
  ) async throws
    -> Double
  {
    let begun = SystemClock.monotonic
    let kind = CallLoad.Kind(path: check, request: [])
    try await CallLoad.make(count, inFlight: inFlight, kind, on: server.channel)
    return Double(count) / (SystemClock.monotonic - begun).seconds
  }

  private static func emptyCall(_ server: ServerProcess) async throws {
    _ = try await server.channel.unary(check, request: [], timeout: .seconds(10))
  }

  private static let check = "/grpc.health.v1.Health/Check"
}

/// A file that is synced after each append.
private final class SyncedFile {
  private let handle: FileHandle
  private let page = Data(repeating: 0x54, count: 4096)

  init(in directory: String) throws {
    let path = "\(directory)/sync-\(UUID().uuidString)"
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw BenchError("cannot write to \(path)") }
    self.handle = handle
  }

  func append() throws {
    try handle.write(contentsOf: page)
    guard fdatasync(handle.fileDescriptor) == 0 else { throw BenchError("cannot sync the disk") }
  }
}
