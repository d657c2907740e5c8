import ControlAPI
import Engine
import Foundation
import PlatformHTTP
import Store
import Testing

@testable import Server

@Suite(.timeLimit(.minutes(1)))
struct RESTEventTests {
  static let events = RESTFixture.root + "/events"

  private func submit(_ rest: RESTFixture, _ handler: String) async throws -> TaskInfo {
    try await rest.send(.post, RESTFixture.root + "/tasks", #"{"handler":"\#(handler)"}"#).decoded()
  }

  /// The first `count` events of a stream.
  private func read(
    _ count: Int,
    _ response: HTTPStreamedResponse
  ) async throws -> [ServerSentEvent] {
    var parser = ServerSentEventParser()
    var events: [ServerSentEvent] = []
    for try await bytes in response.body {
      events += try parser.feed(bytes)
      if events.count >= count { break }
    }
    return events
  }

  private func change(_ event: ServerSentEvent) throws -> EventInfo {
    try JSONDecoder().decode(EventInfo.self, from: Data(event.data.utf8))
  }

  @Test func `changes arrive as they happen`() async throws {
    try await withREST { rest in
      _ = try await submit(rest, "before")
      let stream = try await rest.stream(Self.events)
      #expect(stream.headers["Content-Type"] == "text/event-stream")
      let task = try await submit(rest, "after")
      let event = try #require(try await read(1, stream).first)
      let info = try change(event)
      #expect(event.event == "change" && event.id == "\(info.sequence)")
      #expect(info.task == task.id && info.handler == "after" && info.to == "Created")
    }
  }

  @Test func `a stream is resumed where it stopped`() async throws {
    try await withREST { rest in
      var tasks: [String] = []
      for handler in ["a", "b", "c"] { tasks.append(try await submit(rest, handler).id) }
      let all = try await read(3, rest.stream(Self.events + "?after=0"))
      #expect(try all.map { try change($0).task } == tasks)
      let last = try #require(all[0].id)
      let rests = try await read(2, rest.stream(Self.events, ["Last-Event-ID": last]))
      #expect(try rests.map { try change($0).task } == Array(tasks[1...]))
      #expect(rests.allSatisfy { $0.event == "change" })
    }
  }

  @Test func `a stream can follow one task, and other namespaces never show`() async throws {
    try await withREST { rest in
      _ = try await rest.send(.post, "/api/v1/namespaces", #"{"name":"other"}"#)
      let wanted = try await submit(rest, "wanted")
      let stream = try await rest.stream(Self.events + "?task=\(wanted.id)")
      let own = try await rest.stream(Self.events)
      _ = try await rest.send(.post, "/api/v1/namespaces/other/tasks", #"{"handler":"x"}"#)
      let noise = try await submit(rest, "noise")
      _ = try await rest.send(.post, RESTFixture.root + "/tasks/\(wanted.id)/cancel")
      let event = try change(try #require(try await read(1, stream).first))
      #expect(event.task == wanted.id && event.to == "Canceled")
      #expect(try change(try #require(try await read(1, own).first)).task == noise.id)
    }
  }

  @Test func `a place that the journal no longer holds begins with a reset`() async throws {
    try await withREST { rest in
      let task = try await submit(rest, "h")
      let future = try await read(1, rest.stream(Self.events + "?after=999"))
      #expect(future.first?.event == "reset")
      let after = try JSONDecoder().decode(
        ResetInfo.self,
        from: Data(try #require(future.first).data.utf8)
      )
      let goingOn = try await read(2, rest.stream(Self.events + "?after=999"))
      #expect(try change(goingOn[1]).task == task.id)
      #expect(try change(goingOn[1]).sequence == after.after + 1)
    }
  }

  @Test(arguments: ["x", "-1", "9223372036854775808"])
  func `a malformed place is refused`(place: String) async throws {
    try await withREST { rest in
      let answer = try await rest.send(.get, Self.events + "?after=\(place)")
      #expect(answer.status == 400 && answer.problem?.field == "after")
      let header = try await rest.send(.get, Self.events, "", ["Last-Event-ID": place])
      #expect(header.status == 400 && header.problem?.field == "Last-Event-ID")
    }
  }
}
