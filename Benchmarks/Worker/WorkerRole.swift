import Foundation
import PlatformRuntime
import Synchronization
import Tompion

/// The worker of the measurements: a process whose handlers do nothing but tell the time.
///
/// Times are microseconds on the machine's monotonic clock, which all its processes share. It says
/// `connected` once it is, `first TIME` when the first task enters the handler `noop`, `last TIME`
/// when so many as were expected have, and `probe NUMBER TIME` for each task of the handler `probe`.
/// It has only the handler that it was asked for, because handlers share the capacity.
struct WorkerRole {
  static let name = "worker"

  private let server: String
  private let capacity: Int
  private let handler: Handler
  private let expected: Int

  enum Handler: String {
    case noop, probe
  }

  init(_ arguments: ArraySlice<String>) throws {
    let arguments = Array(arguments)
    guard arguments.count == 4, let capacity = Int(arguments[1]),
      let handler = Handler(rawValue: arguments[2]), let expected = Int(arguments[3])
    else { throw BenchError("usage: tompion-bench worker HOST:PORT CAPACITY HANDLER EXPECTED") }
    server = arguments[0]
    self.capacity = capacity
    self.handler = handler
    self.expected = expected
  }

  func run() async throws {
    var configuration = WorkerConfiguration()
    configuration.servers = [server]
    configuration.capacity = capacity
    configuration.workerID = "bench"
    let group = try WorkerGroup(configuration: configuration)
    try add(handler, to: group)
    WorkerRole.endWithParent()
    let events = group.events
    // Nobody waits for it: the sequence ends with the group.
    Task {
      for await case .connected in events { printLine("connected") }
    }
    try await group.run()
  }

  private func add(_ handler: Handler, to group: WorkerGroup) throws {
    switch handler {
    case .noop:
      let count = Count(expected: expected)
      try group.add(handler.rawValue) { _ in count.enter() }
    case .probe:
      try group.add(handler.rawValue) { context in
        let now = SystemClock.monotonic.microseconds
        printLine("probe \(context.taskInfo.param) \(now)")
      }
    }
  }

  /// The parent holds the other end of the standard input for as long as it lives.
  static func endWithParent() {
    let thread = Thread {
      while !FileHandle.standardInput.availableData.isEmpty {}
      exitProcess(0)
    }
    thread.start()
  }
}

/// Counts the tasks that enter a handler, and tells of the first and the last.
private final class Count: Sendable {
  private let entered = Atomic<Int>(0)
  private let expected: Int

  init(expected: Int) {
    self.expected = expected
  }

  func enter() {
    let number = entered.wrappingAdd(1, ordering: .relaxed).newValue
    if number == 1 { printLine("first \(SystemClock.monotonic.microseconds)") }
    if number == expected { printLine("last \(SystemClock.monotonic.microseconds)") }
  }
}

extension Duration {
  var microseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }

  var seconds: Double { Double(microseconds) / 1_000_000 }
  var milliseconds: Double { Double(microseconds) / 1_000 }
}
