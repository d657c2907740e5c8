import ControlAPI
import Engine
import PlatformHTTP
import Store
import Testing

@testable import Server

@Suite(.timeLimit(.minutes(1)))
struct RESTTriggerTests {
  static let root = RESTFixture.root
  static let nightly = #"{"name":"nightly","handler":"report","schedule":"@every 1m"}"#

  @Test func `a trigger is created, read, replaced, patched and deleted`() async throws {
    try await withREST { rest in
      let created = try await rest.send(.post, Self.root + "/triggers", Self.nightly)
      #expect(created.status == 201)
      #expect(created.headers["Location"] == Self.root + "/triggers/nightly")
      #expect(created.headers["ETag"] == "\"1\"")
      let info: TriggerInfo = try created.decoded()
      #expect(info.spec.priority == 5 && info.spec.runTimeout == "1h")
      #expect(info.state.nextFireAt == "2027-01-15T08:01:00.000000Z")

      let read = try await rest.send(.get, Self.root + "/triggers/nightly")
      #expect(try read.decoded(TriggerInfo.self) == info)

      let replacement = #"{"handler":"report","schedule":"@every 5m","labels":{"env":"blue"}}"#
      let replaced = try await rest.send(.put, Self.root + "/triggers/nightly", replacement)
      #expect(replaced.status == 200)
      #expect(try replaced.decoded(TriggerInfo.self).spec.labels == ["env": "blue"])

      let patch = #"{"labels":{"env":null,"zone":"a"},"retries":7}"#
      let patched = try await rest.send(
        .patch,
        Self.root + "/triggers/nightly",
        patch,
        ["Content-Type": "application/merge-patch+json"]
      )
      #expect(patched.status == 200)
      let spec = try patched.decoded(TriggerInfo.self).spec
      #expect(spec.labels == ["zone": "a"] && spec.retries == 7 && spec.schedule == "@every 5m")

      #expect(try await rest.send(.delete, Self.root + "/triggers/nightly").status == 204)
      #expect(try await rest.send(.get, Self.root + "/triggers/nightly").status == 404)
    }
  }

  @Test func `every option survives the way to the store and back`() async throws {
    try await withREST { rest in
      let body = """
        {"name":"all","handler":"h","schedule":"0 9 * * MON-FRI","timeZone":"Europe/Berlin",
        "start":"2027-02-01T00:00:00.5+01:00","end":"2027-12-31T00:00:00Z","repeats":12,
        "param":"p\\u00e4","shards":3,"shardParams":{"0":"a","2":"c"},"labels":{"env":"blue"},
        "priority":9,"retries":0,"retryBackoff":"250ms","retryBackoffCap":"1m30s",
        "runTimeout":"0","taskTimeout":"2h","queueTimeout":"10s","heartbeatTimeout":"1m",
        "misfire":"all","misfireWindow":"5s","overlap":"replace","atMostOnce":true,"online":false}
        """
      let created = try await rest.send(.post, Self.root + "/triggers", body)
      #expect(created.status == 201, "\(created.text)")
      var spec = TriggerSpec(handler: "h", schedule: "0 9 * * MON-FRI")
      spec.timeZone = "Europe/Berlin"
      spec.start = "2027-01-31T23:00:00.500000Z"
      spec.end = "2027-12-31T00:00:00.000000Z"
      spec.repeats = 12
      spec.param = "pä"
      spec.shards = 3
      spec.shardParams = ["0": "a", "2": "c"]
      spec.labels = ["env": "blue"]
      spec.priority = 9
      spec.retries = 0
      spec.retryBackoff = "250ms"
      spec.retryBackoffCap = "1m30s"
      spec.runTimeout = "0s"
      spec.taskTimeout = "2h"
      spec.queueTimeout = "10s"
      spec.heartbeatTimeout = "1m"
      spec.misfire = "all"
      spec.misfireWindow = "5s"
      spec.overlap = "replace"
      spec.atMostOnce = true
      spec.online = false
      let info: TriggerInfo = try created.decoded()
      #expect(info.spec == spec)
      #expect(info.state.nextFireAt == nil)
    }
  }

  @Test func `a stale If-Match changes nothing`() async throws {
    try await withREST { rest in
      _ = try await rest.send(.post, Self.root + "/triggers", Self.nightly)
      let path = Self.root + "/triggers/nightly"
      let change = #"{"retries":1}"#
      let first = try await rest.send(.patch, path, change, ["If-Match": "\"1\""])
      #expect(first.status == 200 && first.headers["ETag"] == "\"2\"")
      for method in [HTTPMethod.patch, .delete] {
        let body = method == .patch ? change : ""
        let stale = try await rest.send(method, path, body, ["If-Match": "\"1\""])
        #expect(stale.status == 412 && stale.problem?.code == .stale)
      }
      let weak = try await rest.send(.delete, path, "", ["If-Match": "W/\"2\""])
      #expect(weak.status == 412)
      let malformed = try await rest.send(.delete, path, "", ["If-Match": "2"])
      #expect(malformed.status == 400 && malformed.problem?.field == "If-Match")
      let several = try await rest.send(.delete, path, "", ["If-Match": "\"1\", \"2\""])
      #expect(several.status == 204)
    }
  }

  @Test func `a repeat with the same idempotency key gets the first answer`() async throws {
    try await withREST { rest in
      let key: HTTPHeaders = ["Idempotency-Key": "abc"]
      let first = try await rest.send(.post, Self.root + "/triggers", Self.nightly, key)
      let again = try await rest.send(.post, Self.root + "/triggers", Self.nightly, key)
      #expect(again.status == 201)
      #expect(try again.decoded(TriggerInfo.self).id == first.decoded(TriggerInfo.self).id)
      let other = Self.nightly.replacing("report", with: "other")
      let reused = try await rest.send(.post, Self.root + "/triggers", other, key)
      #expect(reused.status == 409 && reused.problem?.code == .keyReused)
      let taken = try await rest.send(.post, Self.root + "/triggers", Self.nightly)
      #expect(taken.status == 409 && taken.problem?.code == .conflict)
    }
  }

  @Test func `a trigger goes offline and online and fires by hand`() async throws {
    try await withREST { rest in
      _ = try await rest.send(.post, Self.root + "/triggers", Self.nightly)
      let path = Self.root + "/triggers/nightly"
      let offline = try await rest.send(.post, path + "/offline")
      #expect(try offline.decoded(TriggerInfo.self).spec.online == false)
      #expect(try offline.decoded(TriggerInfo.self).state.nextFireAt == nil)
      let online = try await rest.send(.post, path + "/online", "{}")
      #expect(try online.decoded(TriggerInfo.self).state.nextFireAt != nil)
      let fired = try await rest.send(.post, path + "/fire", #"{"param":"own"}"#)
      #expect(fired.status == 201)
      let task: TaskInfo = try fired.decoded()
      #expect(task.isManual && task.trigger == "nightly" && task.param?.text == "own")
      #expect(fired.headers["Location"] == Self.root + "/tasks/\(task.id)")
      let ledger = try await rest.send(.get, path + "/fires")
      #expect(try ledger.decoded(Listing<FireInfo>.self).items.first?.task == task.id)
    }
  }

  @Test func `a preview stores nothing and shows local time`() async throws {
    try await withREST { rest in
      let body = """
        {"schedule":"30 2 * * *","timeZone":"Europe/Berlin","count":3,
        "after":"2027-03-26T12:00:00Z"}
        """
      let answer = try await rest.send(.post, "/api/v1/preview", body)
      #expect(answer.status == 200)
      let preview: PreviewInfo = try answer.decoded()
      #expect(
        preview.fires.map(\.local) == [
          "2027-03-27T02:30:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00",
        ]
      )
      _ = try await rest.send(.post, Self.root + "/triggers", Self.nightly)
      let own = try await rest.send(
        .post,
        Self.root + "/triggers/nightly/preview",
        #"{"count":2}"#
      )
      #expect(
        try own.decoded(PreviewInfo.self).fires.map(\.at) == [
          "2027-01-15T08:01:00.000000Z", "2027-01-15T08:02:00.000000Z",
        ]
      )
      let triggers = try await rest.send(.get, Self.root + "/triggers")
      #expect(try triggers.decoded(Listing<TriggerInfo>.self).items.count == 1)
    }
  }

  @Test func `a backfill makes each nominal time a task once`() async throws {
    try await withREST { rest in
      _ = try await rest.send(.post, Self.root + "/triggers", Self.nightly)
      rest.time.advance(by: .seconds(600))
      let path = Self.root + "/triggers/nightly/backfill"
      let body = #"{"from":"2027-01-15T08:01:00Z","to":"2027-01-15T08:05:00Z"}"#
      let first: BackfillInfo = try await rest.send(.post, path, body).decoded()
      #expect(first.created == 5 && first.existing == 0)
      let again: BackfillInfo = try await rest.send(.post, path, body).decoded()
      #expect(again.created == 0 && again.existing == 5)
      #expect(again.tasks.map(\.task) == first.tasks.map(\.task))
      rest.time.advance(by: .seconds(2 * 24 * 3600))
      let late: BackfillInfo = try await rest.send(.post, path, body).decoded()
      #expect(late.created == 0, "what a nominal time has, it has for longer than a key lives")
      let tasks = try await rest.send(.get, Self.root + "/tasks?trigger=nightly")
      let items = try tasks.decoded(Listing<TaskInfo>.self).items
      #expect(items.count == 5 && items.allSatisfy(\.isManual))
    }
  }

  @Test func `a backfill is bounded and lies in the past`() async throws {
    try await withREST { rest in
      _ = try await rest.send(.post, Self.root + "/triggers", Self.nightly)
      rest.time.advance(by: .seconds(24 * 3600))
      let path = Self.root + "/triggers/nightly/backfill"
      let long = #"{"from":"2027-01-15T08:00:00Z","to":"2027-01-16T08:00:00Z"}"#
      let tooMany = try await rest.send(.post, path, long)
      #expect(tooMany.status == 400 && tooMany.problem?.field == "to")
      let future = #"{"from":"2027-01-15T08:00:00Z","to":"2028-01-16T08:00:00Z"}"#
      #expect(try await rest.send(.post, path, future).problem?.field == "to")
      let turned = #"{"from":"2027-01-15T09:00:00Z","to":"2027-01-15T08:00:00Z"}"#
      #expect(try await rest.send(.post, path, turned).problem?.field == "to")
      let tasks = try await rest.send(.get, Self.root + "/tasks")
      #expect(try tasks.decoded(Listing<TaskInfo>.self).items.isEmpty)
    }
  }

  @Test func `an expired trigger may still be edited elsewhere than in its schedule`() async throws
  {
    try await withREST { rest in
      let once = #"{"name":"once","handler":"h","schedule":"at 2027-01-15T08:10:00Z"}"#
      #expect(try await rest.send(.post, Self.root + "/triggers", once).status == 201)
      rest.time.advance(by: .seconds(3600))
      let path = Self.root + "/triggers/once"
      #expect(try await rest.send(.patch, path, #"{"retries":1}"#).status == 200)
      let past = try await rest.send(.patch, path, #"{"schedule":"at 2027-01-15T08:20:00Z"}"#)
      #expect(past.status == 400 && past.problem?.field == "schedule")
    }
  }
}
