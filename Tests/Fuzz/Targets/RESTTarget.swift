import Engine
import PlatformHTTP
import Synchronization

@testable import Server

extension FuzzTarget {
  /// Whole requests through the router, to a store with a trigger and a task.
  ///
  /// An input is like a request: a method and a target, headers, an empty line, the body. `TASK`
  /// stands for the task's identifier.
  static let rest = FuzzTarget("rest", longest: 2_048) {
    let desk = RESTDesk()
    return Subject { input in try await desk.take(input) }
  }
}

/// A REST interface that is made anew when a request changed what is behind it, so that what comes of
/// an input does not depend on those before it.
private final class RESTDesk: Sendable {
  private struct Interface: Sendable {
    let world: ControlWorld
    let rest: RESTInterface
  }

  private let current = Mutex<Interface?>(nil)

  func take(_ input: [UInt8]) async throws {
    let interface = try await interface()
    guard let request = interface.world.request(input) else { return }
    let answer = await interface.rest.answer(request)
    if answer.status < 400, ![.get, .head].contains(request.method) {
      current.withLock { $0 = nil }
    }
    try check(answer, to: request)
  }

  private func interface() async throws -> Interface {
    if let interface = current.withLock(\.self) { return interface }
    let world = try await ControlWorld()
    let rest = RESTInterface(
      controller: world.controller,
      events: EventHub(),
      .init { ("", "text/plain") }
    )
    let interface = Interface(world: world, rest: rest)
    current.withLock { $0 = interface }
    return interface
  }

  private func check(_ answer: HTTPResponse, to request: HTTPRequest) throws {
    let line = "\(request.method.rawValue) \(request.target): \(answer.status)"
    try demand(answer.status != 500, line)
    guard case .bytes(let body) = answer.body else { return }
    guard answer.headers["Content-Type"]?.contains("json") == true else {
      return try demand(answer.status < 400, "\(line), and no problem to read")
    }
    let isObject = if case .object? = try? JSONParser.parse(body) { true } else { false }
    try demand(isObject, "\(line), and the body is no JSON object")
  }
}
