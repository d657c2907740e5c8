import Engine
import Foundation
import PlatformGRPC
import PlatformRuntime
import SQLiteStore
import Server
import Store
import Synchronization
import Tompion

/// A whole server in this process, on SQLite in a directory of its own and a port of its own.
final class RunningServer: Sendable {
  let server: TompionServer
  let port: Int
  private let directory: URL
  private let stop = Latch()

  init(lease: Duration = .seconds(2), directory: URL? = nil) async throws {
    let folder =
      directory
      ?? FileManager.default.temporaryDirectory.appending(path: "tompion-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    self.directory = folder
    var settings = TompionServer.Settings()
    settings.grpc.port = 0
    settings.http.port = 0
    settings.lease = lease
    server = try await TompionServer(settings: settings) { matching in
      try SQLiteStore.open(
        directory: folder.path,
        configuration: SQLiteStoreConfiguration(clock: Clocks.system.wall),
        matching: matching
      )
    }
    port = try await server.start().grpc.port
  }

  /// Runs the server while `body` does.
  func serving(_ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup { group in
      group.addTask { [server, stop] in
        try await server.run { await stop.opened() }
      }
      defer { stop.open() }
      try await body()
      stop.open()
      try await group.waitForAll()
    }
    try FileManager.default.removeItem(at: directory)
  }

  func worker(_ name: String, capacity: Int = 10) throws -> WorkerGroup {
    var configuration = WorkerConfiguration()
    configuration.servers = ["127.0.0.1:\(port)"]
    configuration.workerID = name
    configuration.capacity = capacity
    return try WorkerGroup(configuration: configuration)
  }

  func submit(
    _ handler: String,
    _ change: (inout TaskTemplate) -> Void = { _ in }
  ) async throws
    -> TaskID
  {
    var template = TaskTemplate(namespace: "default", handler: handler)
    change(&template)
    let answers = try await server.store.submit([Submission(template: template)])
    guard case .created(let id)? = answers.first else { throw Unexpected("\(answers)") }
    return id
  }

  /// Waits until the task is final; a deadline of the test ends what never happens.
  func final(_ id: TaskID) async throws -> TaskDetail {
    while true {
      if let detail = try await server.store.task(id), detail.state.isFinal { return detail }
      try await Task.sleep(for: .milliseconds(5))
    }
  }
}

struct Unexpected: Error {
  let what: String

  init(_ what: String) {
    self.what = what
  }
}
