import Tompion

/// Many workers in one process, each with a connection of its own, whose handlers never have anything to do.
struct CrowdRole {
  static let name = "crowd"

  private let server: String
  private let count: Int
  private let prefix: String

  init(_ arguments: ArraySlice<String>) throws {
    let arguments = Array(arguments)
    guard arguments.count == 3, let count = Int(arguments[1]) else {
      throw BenchError("usage: tompion-bench crowd HOST:PORT WORKERS NAME")
    }
    server = arguments[0]
    self.count = count
    prefix = arguments[2]
  }

  func run() async throws {
    WorkerRole.endWithParent()
    var groups: [WorkerGroup] = []
    for number in 0..<count {
      var configuration = WorkerConfiguration()
      configuration.servers = [server]
      configuration.workerID = "\(prefix)-\(number)"
      let group = try WorkerGroup(configuration: configuration)
      try group.add("idle") { _ in }
      try group.start()
      groups.append(group)
    }
    for group in groups { await group.wait() }
  }
}
