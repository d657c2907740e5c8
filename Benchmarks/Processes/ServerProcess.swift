import Foundation
import PlatformGRPC
import PlatformHTTP
import TompionClient

/// One server on free ports, over an empty directory or one that was prepared.
final class ServerProcess: Sendable {
  let http: String
  let grpc: String
  /// Where it keeps its data: what is compared with it should use the same disk.
  let directory: String
  let channel: GRPCChannel
  private let child: Child
  private let scraping = HTTPClient()

  /// The data of the server that is given `directory`.
  static func data(in directory: String) -> String { directory + "/data" }

  /// Starts over `directory`, a new one unless given, and removes it at the end.
  init(_ options: Options, directory: String? = nil) async throws {
    self.directory = directory ?? Scratch.directory(options)
    let arguments = [
      "server", "--data-dir", Self.data(in: self.directory), "--http", "127.0.0.1:0", "--grpc",
      "127.0.0.1:0",
    ]
    child = try Child(options.server, arguments, listeningTo: .standardError)
    var found: (http: String, grpc: String)?
    for await line in child.lines {
      guard let http = line.fact("http"), let grpc = line.fact("grpc") else { continue }
      found = (http, grpc)
      break
    }
    guard let found else { throw BenchError("the server ended before it was ready") }
    (http, grpc) = found
    channel = GRPCChannel(target: found.grpc)
  }

  var id: Int32 { child.id }

  var control: ControlClient { ControlClient(server: http) }

  func metrics() async throws -> Metrics {
    let answer = try await scraping.send(HTTPClientRequest(.get, http + "/metrics"))
    return Metrics(String(decoding: answer.body, as: UTF8.self))
  }

  /// Suspends until so many slots ran to completion since the server was started.
  func untilCompleted(_ count: Int, within limit: Duration = .seconds(300)) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
      if try await metrics().completed >= count { return }
      try await Task.sleep(for: .milliseconds(2))
    }
    throw BenchError("\(count) tasks did not end within \(limit)")
  }

  func stop() {
    channel.close()
    child.kill()
    Scratch.remove(directory)
  }

  deinit { stop() }
}

extension String {
  /// The value of `name` in a log line of `name=value` facts.
  fileprivate func fact(_ name: String) -> String? {
    guard let start = range(of: " \(name)=") else { return nil }
    return String(self[start.upperBound...].prefix { $0 != " " }.filter { $0 != "\"" })
  }
}
