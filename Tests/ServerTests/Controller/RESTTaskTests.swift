import ControlAPI
import Engine
import PlatformHTTP
import Store
import Testing

@testable import Server

@Suite(.timeLimit(.minutes(1)))
struct RESTTaskTests {
  static let tasks = RESTFixture.root + "/tasks"

  private func submit(_ rest: RESTFixture, _ body: String) async throws -> TaskInfo {
    let answer = try await rest.send(.post, Self.tasks, body)
    #expect(answer.status == 201, "\(answer.text)")
    return try answer.decoded()
  }

  private func slot(_ task: TaskInfo, shard: Int = 0) throws -> SlotID {
    SlotID(task: TaskID(try #require(UUIDv7(task.id))), shard: shard)
  }

  private let owner = Owner(worker: "w1", boot: BootID(UUIDv7(high: 7, low: 7)))

  /// Makes the made-up worker run the slot.
  private func start(_ rest: RESTFixture, _ slot: SlotID, epoch: Epoch) async throws {
    let verdicts = try await rest.store.apply([
      SlotCommand(slot, .offer(to: owner, epoch: epoch), fence: nil),
      SlotCommand(slot, .started, fence: Fence(epoch: epoch, boot: owner.boot)),
    ])
    #expect(verdicts == [.moved, .moved])
  }

  @Test func `a task is submitted with all that it may carry`() async throws {
    try await withREST { rest in
      let task = try await submit(
        rest,
        #"{"handler":"h","paramBase64":"/wA=","at":"2027-01-15T09:00:00Z","shards":2,"shardParams":{"1":"x"}}"#
      )
      #expect(task.state == "Created" && task.nominalAt == "2027-01-15T09:00:00.000000Z")
      #expect(task.param == Payload(text: nil, base64: "/wA="))
      #expect(task.shards.map(\.shardParam) == [nil, "x"])
      #expect(task.shards.first?.events?.first?.why == "submitted")
      let both = try await rest.send(
        .post,
        Self.tasks,
        #"{"handler":"h","param":"a","paramBase64":"/wA="}"#
      )
      #expect(both.status == 400 && both.problem?.field == "paramBase64")
    }
  }

  @Test func `a run shows its epoch, its owner and its outcome`() async throws {
    try await withREST { rest in
      let task = try await submit(rest, #"{"handler":"h","param":"p"}"#)
      let slot = try slot(task)
      let epoch = Epoch(generation: 4_000_000_000, count: 9)
      try await start(rest, slot, epoch: epoch)
      let stale = Fence(epoch: Epoch(generation: 1, count: 1), boot: owner.boot)
      _ = try await rest.store.apply([
        SlotCommand(slot, .succeeded(result: [1]), fence: stale),
        SlotCommand(
          slot,
          .succeeded(result: [0xFF, 0]),
          fence: Fence(epoch: epoch, boot: owner.boot)
        ),
      ])
      let shown: TaskInfo = try await rest.send(.get, Self.tasks + "/\(task.id)").decoded()
      #expect(shown.state == "RunToCompletion" && shown.isFinal && shown.endedAt != nil)
      let shard = try #require(shown.shards.first)
      #expect(shard.epoch == "17179869184000000009")
      #expect(shard.result == Payload(text: nil, base64: "/wA="))
      let run = try #require(shard.runs?.first)
      #expect(run.worker == "w1" && run.outcome == "succeeded" && run.accepted == true)
      #expect(run.runInstanceId == "\(slot).17179869184000000009")
      #expect(shard.events?.map(\.to) == ["Created", "WaitingToRun", "Running", "RunToCompletion"])
      #expect(shard.refusedReports?.map(\.reason) == ["stale-epoch"])
    }
  }

  @Test func `a cancel is 202 while a worker has the task, and harmless when repeated`()
    async throws
  {
    try await withREST { rest in
      let waiting = try await submit(rest, #"{"handler":"h"}"#)
      let now = try await rest.send(.post, Self.tasks + "/\(waiting.id)/cancel")
      #expect(now.status == 200)
      #expect(try now.decoded(TaskInfo.self).state == "Canceled")
      #expect(try await rest.send(.post, Self.tasks + "/\(waiting.id)/cancel").status == 200)

      let running = try await submit(rest, #"{"handler":"h"}"#)
      try await start(rest, slot(running), epoch: Epoch(5))
      let asked = try await rest.send(.post, Self.tasks + "/\(running.id)/cancel")
      #expect(asked.status == 202)
      #expect(try asked.decoded(TaskInfo.self).shards.first?.phase == "stopping")
    }
  }

  @Test func `a paused task waits until it is resumed, a running one cannot be paused`()
    async throws
  {
    try await withREST { rest in
      let task = try await submit(rest, #"{"handler":"h"}"#)
      let path = Self.tasks + "/\(task.id)"
      let paused: TaskInfo = try await rest.send(.post, path + "/pause").decoded()
      #expect(paused.shards.first?.phase == "held" && paused.shards.first?.reason == "paused")
      let why: WhyInfo = try await rest.send(.get, path + "/why").decoded()
      #expect(why.reasons.map(\.code) == ["paused"])
      let resumed: TaskInfo = try await rest.send(.post, path + "/resume").decoded()
      #expect(resumed.shards.first?.phase == "ready")
      try await start(rest, slot(task), epoch: Epoch(5))
      let late = try await rest.send(.post, path + "/pause")
      #expect(late.status == 409 && late.problem?.code == .conflict)
    }
  }

  @Test func `a retry is a new task that names the old one`() async throws {
    try await withREST { rest in
      let task = try await submit(rest, #"{"handler":"h","param":"p"}"#)
      let path = Self.tasks + "/\(task.id)"
      #expect(try await rest.send(.post, path + "/retry").status == 409)
      _ = try await rest.send(.post, path + "/cancel")
      let key: HTTPHeaders = ["Idempotency-Key": "once more"]
      let retried = try await rest.send(.post, path + "/retry", "", key)
      #expect(retried.status == 201)
      let new: TaskInfo = try retried.decoded()
      #expect(new.rerunOf == task.id && new.param?.text == "p" && new.id != task.id)
      let again: TaskInfo = try await rest.send(.post, path + "/retry", "", key).decoded()
      #expect(again.id == new.id)
    }
  }

  @Test func `why names the obstacle`() async throws {
    try await withREST { rest in
      let plain = try await submit(rest, #"{"handler":"h"}"#)
      let dyed = try await submit(rest, #"{"handler":"h","labels":{"env":"blue"}}"#)
      let later = try await submit(rest, #"{"handler":"h","at":"2027-01-15T09:00:00Z"}"#)
      func why(_ task: TaskInfo) async throws -> WhyInfo.Reason? {
        let why: WhyInfo = try await rest.send(.get, Self.tasks + "/\(task.id)/why").decoded()
        return why.reasons.first
      }
      #expect(try await why(later)?.code == "delayed")
      let nobody = try await why(plain)
      #expect(nobody?.code == "no-worker")
      #expect(nobody?.text == "no worker has registered handler h in namespace default")
      rest.directory.change { $0.workers = [.madeUp("w1", handlers: ["h"])] }
      let disagreeing = try await why(dyed)
      #expect(disagreeing?.code == "labels-disagree")
      #expect(disagreeing?.text.contains("{env=blue}") == true)
      let busy = (1...4).map {
        RunID(slot: SlotID(task: TaskID(UUIDv7(high: 1, low: 1)), shard: $0), epoch: Epoch(1))
      }
      rest.directory.change { $0.workers = [.madeUp("w1", handlers: ["h"], runs: busy)] }
      let full = try await why(plain)
      #expect(full?.code == "workers-full")
      #expect(full?.text == "all 1 workers that could take it are full: w1 4/4")
      try await start(rest, slot(plain), epoch: Epoch(5))
      #expect(try await why(plain)?.code == "running")
    }
  }

  @Test func `a list pages by cursor and filters`() async throws {
    try await withREST { rest in
      for handler in ["a", "b", "a", "b", "a"] {
        rest.time.advance(by: .milliseconds(10))
        _ = try await submit(rest, #"{"handler":"\#(handler)"}"#)
      }
      var found: [String] = []
      var cursor: String?
      repeat {
        let query = cursor.map { "&cursor=\($0)" } ?? ""
        let part = try await rest.send(.get, Self.tasks + "?limit=2" + query)
          .decoded(Listing<TaskInfo>.self)
        #expect(part.items.count <= 2)
        found += part.items.map(\.id)
        cursor = part.nextCursor
      } while cursor != nil
      #expect(found.count == 5 && Set(found).count == 5 && found == found.sorted(by: >))
      let some = try await rest.send(.get, Self.tasks + "?handler=a&state=Created")
      #expect(try some.decoded(Listing<TaskInfo>.self).items.count == 3)
    }
  }

  @Test(arguments: [
    ("?limit=0", "limit"), ("?limit=1001", "limit"), ("?limit=ten", "limit"),
    ("?cursor=%21%21", "cursor"), ("?cursor=AAAAAAAA", "cursor"), ("?state=Done", "state"),
    ("?colour=red", "colour"), ("?limit=1&limit=2", "limit"),
  ])
  func `a bad query names its parameter`(query: String, field: String) async throws {
    try await withREST { rest in
      let answer = try await rest.send(.get, Self.tasks + query)
      #expect(answer.status == 400)
      #expect(answer.problem?.field == field)
    }
  }

  @Test func `a cursor of one list is refused by another`() async throws {
    try await withREST { rest in
      for _ in 1...3 { _ = try await submit(rest, #"{"handler":"a"}"#) }
      let part = try await rest.send(.get, Self.tasks + "?limit=1").decoded(Listing<TaskInfo>.self)
      let cursor = try #require(part.nextCursor)
      let other = try await rest.send(.get, Self.tasks + "?handler=a&cursor=\(cursor)")
      #expect(other.status == 400 && other.problem?.code == .badCursor)
    }
  }

  @Test func `a log is shown oldest first`() async throws {
    try await withREST { rest in
      let task = try await submit(rest, #"{"handler":"h"}"#)
      let run = RunID(slot: try slot(task), epoch: Epoch(5))
      let lines = ["one", "two"].map {
        LogLine(run: run, at: rest.time.now, level: "info", message: $0, metadata: ["k": "v"])
      }
      try await rest.store.append(lines)
      let log = try await rest.send(.get, Self.tasks + "/\(task.id)/log")
        .decoded(Listing<LogLineInfo>.self)
      #expect(log.items.map(\.message) == ["one", "two"])
      #expect(log.items.first?.metadata == ["k": "v"])
    }
  }
}
