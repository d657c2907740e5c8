import ControlAPI
import Engine
import Foundation
import PlatformHTTP
import Store
import Testing

@testable import Server

@Suite(.timeLimit(.minutes(1)))
struct RESTOperationsTests {
  static let root = RESTFixture.root

  @Test func `namespaces are created, changed and deleted unless in use`() async throws {
    try await withREST { rest in
      let path = "/api/v1/namespaces"
      let created = try await rest.send(.post, path, #"{"name":"a","description":"first"}"#)
      #expect(created.status == 201 && created.headers["Location"] == path + "/a")
      #expect(try await rest.send(.post, path, #"{"name":"a"}"#).status == 409)
      let put = try await rest.send(.put, path + "/b", #"{"description":"second"}"#)
      #expect(put.status == 201)
      let changed = try await rest.send(
        .put,
        path + "/b",
        #"{"description":"third"}"#,
        ["If-Match": put.headers["ETag"] ?? ""]
      )
      #expect(changed.status == 200)
      #expect(try changed.decoded(NamespaceInfo.self).description == "third")
      let stale = try await rest.send(
        .put,
        path + "/b",
        "{}",
        ["If-Match": put.headers["ETag"] ?? ""]
      )
      #expect(stale.status == 412)
      let names = try await rest.send(.get, path).decoded(Listing<NamespaceInfo>.self)
      #expect(names.items.map(\.name) == ["a", "b", "default"])
      _ = try await rest.send(.post, path + "/a/tasks", #"{"handler":"h"}"#)
      #expect(try await rest.send(.delete, path + "/a").status == 409)
      #expect(try await rest.send(.delete, path + "/default").status == 409)
      #expect(try await rest.send(.delete, path + "/b").status == 204)
      #expect(try await rest.send(.get, path + "/b").status == 404)
    }
  }

  @Test func `workers, handlers and queues are shown`() async throws {
    try await withREST { rest in
      rest.directory.change { contents in
        contents.workers = [
          .madeUp("w2", handlers: ["a", "b"]), .madeUp("w1", handlers: ["a"]),
        ]
        contents.queues = [
          QueueStatus(
            queue: QueueKey(namespace: "default", handler: "a"),
            ready: 2,
            peak: 9,
            bound: 50_000,
            overflowed: false,
            workers: 2,
            credits: 3,
            inHand: 1,
            withoutWorkerSince: nil
          )
        ]
      }
      let workers = try await rest.send(.get, Self.root + "/workers?limit=1")
        .decoded(Listing<WorkerInfo>.self)
      #expect(workers.items.map(\.name) == ["w1"])
      let rest2 = try await rest.send(
        .get,
        Self.root + "/workers?cursor=" + (workers.nextCursor ?? "")
      ).decoded(Listing<WorkerInfo>.self)
      #expect(rest2.items.map(\.name) == ["w2"] && rest2.nextCursor == nil)
      #expect(rest2.items.first?.lease == "10s")
      let handlers = try await rest.send(.get, Self.root + "/handlers")
        .decoded(Listing<HandlerInfo>.self)
      #expect(handlers.items.map(\.workers) == [["w1", "w2"], ["w2"]])
      let queues = try await rest.send(.get, Self.root + "/queues")
        .decoded(Listing<QueueInfo>.self)
      #expect(queues.items.first?.ready == Gauge(count: 2, peak: 9, bound: 50_000))
      let drained = try await rest.send(.post, Self.root + "/workers/w1/drain")
      #expect(drained.status == 202)
      #expect(try drained.decoded(WorkerInfo.self).state == "draining")
      #expect(rest.directory.drained == ["w1"])
      #expect(try await rest.send(.post, Self.root + "/workers/none/drain").status == 404)
    }
  }

  @Test func `health tells of lonely queues and late triggers`() async throws {
    try await withREST { rest in
      let fine = try await rest.send(.get, "/healthz").decoded(HealthInfo.self)
      #expect(fine.status == "ok" && !fine.timeZoneDatabase.isEmpty)
      #expect(fine.refusedReports == ["stale-epoch": 2] && fine.store.generation == 1)
      _ = try await rest.send(.post, Self.root + "/triggers", RESTTriggerTests.nightly)
      let since = rest.time.now
      rest.directory.change { contents in
        contents.queues = [
          QueueStatus(
            queue: QueueKey(namespace: "default", handler: "lonely"),
            ready: 1,
            peak: 1,
            bound: 10,
            overflowed: false,
            workers: 0,
            credits: 0,
            inHand: 0,
            withoutWorkerSince: since
          )
        ]
      }
      rest.time.advance(by: .seconds(180))
      try await rest.watchdog.look()
      let health = try await rest.send(.get, "/healthz").decoded(HealthInfo.self)
      #expect(health.status == "degraded")
      #expect(health.queuesWithoutWorker.map(\.handler) == ["lonely"])
      #expect(health.lateTriggers.map(\.name) == ["nightly"])
    }
  }

  @Test func `readiness says why not`() async throws {
    try await withREST { rest in
      let answer = try await rest.send(.get, "/readyz")
      #expect(answer.status == 200)
    }
    try await withREST(unreadiness: "draining") { rest in
      let answer = try await rest.send(.get, "/readyz")
      #expect(answer.status == 503)
      #expect(try answer.decoded(ReadinessInfo.self).reason == "draining")
    }
  }

  @Test func `a token is asked of the API and of nothing else`() async throws {
    try await withREST(token: "s3cret") { rest in
      for path in ["/healthz", "/readyz", "/metrics"] {
        #expect(try await rest.send(.get, path).status == 200)
      }
      for header in [nil, "Bearer wrong!", "Basic s3cret", "Bearer", "Bearer s3cret2"] {
        var headers: HTTPHeaders = [:]
        headers["Authorization"] = header
        let answer = try await rest.send(.get, "/api/v1/namespaces", "", headers)
        #expect(answer.status == 401 && answer.problem?.code == .unauthorized)
        #expect(answer.headers["WWW-Authenticate"] == "Bearer")
      }
      let unknown = try await rest.send(.get, "/api/v1/nowhere")
      #expect(unknown.status == 401, "nobody learns what there is without the token")
      let right = try await rest.send(
        .get,
        "/api/v1/namespaces",
        "",
        ["Authorization": "Bearer s3cret"]
      )
      #expect(right.status == 200)
    }
  }

  @Test func `another site cannot change things through a browser`() async throws {
    try await withREST { rest in
      let body = #"{"handler":"h"}"#
      let foreign = try await rest.send(
        .post,
        Self.root + "/tasks",
        body,
        ["Origin": "http://evil.example"]
      )
      #expect(foreign.status == 403 && foreign.problem?.code == .crossOrigin)
      let own = try await rest.send(.post, Self.root + "/tasks", body, ["Origin": rest.url])
      #expect(own.status == 201)
    }
  }

  @Test func `the OpenAPI document describes exactly the routes that are served`() async throws {
    try await withREST { rest in
      let answer = try await rest.send(.get, "/openapi.json")
      let document = try JSONParser.parse(answer.body)
      guard case .object(let top) = document, case .object(let paths)? = top["paths"] else {
        Issue.record("the document has no paths")
        return
      }
      var described: Set<String> = []
      for (path, item) in paths {
        guard case .object(let operations) = item else { continue }
        for method in operations.keys { described.insert("\(method.uppercased()) \(path)") }
      }
      #expect(described == Set(rest.rest.routes.map { "\($0.method.rawValue) \($0.path)" }))
      #expect(Set(rest.rest.routes.map(\.name)).count == rest.rest.routes.count)
      let references = answer.text.matches(of: /"#\/components\/schemas\/(\w+)"/).map(\.1)
      for name in Set(references) { #expect(answer.text.contains("\"\(name)\":{")) }
      #expect(answer.text.contains(#""TriggerInfo":{"properties":{"activeTask""#))
    }
  }

  @Test func `every route that is described is found`() async throws {
    try await withREST { rest in
      for route in rest.rest.routes where route.name != "followEvents" {
        let path = route.path.replacing(/\{\w+\}/, with: "default")
        let answer = try await rest.send(route.method, path)
        #expect(answer.status != 405, "\(route.name)")
        let isPlace = route.path.contains("{id}") || route.path.contains("{name}")
        #expect(answer.status != 404 || isPlace, "\(route.name)")
      }
    }
  }

  @Test func `what the HTTP library refuses is a problem too`() async throws {
    try await withREST { rest in
      let answer = try await rest.send(.get, "/api/v1/%zz")
      #expect(answer.status == 400 && answer.problem?.code == .malformedRequest)
    }
  }

  @Test func `metrics are handed through`() async throws {
    try await withREST { rest in
      let answer = try await rest.send(.get, "/metrics")
      #expect(answer.text == "tompion_up 1\n")
      #expect(answer.headers["Content-Type"]?.hasPrefix("text/plain") == true)
    }
  }

  @Test func `a store that cannot write is asked again later`() {
    let response = HTTPResponse.problem(Problem(StoreError(.unavailable, "the disk is full")))
    #expect(response.status == 503)
    #expect(response.headers["Retry-After"] == "1")
    #expect(response.headers["Content-Type"] == "application/problem+json")
  }
}
