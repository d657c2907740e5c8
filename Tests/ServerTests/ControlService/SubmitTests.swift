import ControlAPI
import Engine
import PlatformGRPC
import Store
import Testing
import TompionTesting
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1)))
struct SubmitTests {
  @Test func `a task is kept as it was asked for`() async throws {
    try await withControl { control in
      let answer = try await control.call(
        "SubmitTask",
        [
          "task": [
            "handler": "h", "param": .string(Base64.encode([0xFF, 0, 1])),
            "at": "2030-01-01T00:00:00Z", "shards": 2, "shardParams": ["1": "x"],
            "labels": ["env": "blue"], "priority": 7, "retries": 1, "retryBackoff": "2s",
            "retryBackoffCap": "4s", "runTimeout": "5s", "taskTimeout": "6s", "queueTimeout": "7s",
            "heartbeatTimeout": "8s", "atMostOnce": true,
          ]
        ]
      )
      let id = try #require(answer["id"]?.text.flatMap(UUIDv7.init))
      let task = try #require(await control.store.task(TaskID(id))).task
      var template = TaskTemplate(namespace: "default", handler: "h")
      template.shardCount = 2
      template.shardParams = [1: "x"]
      template.labels = Labels(["env": "blue"])
      template.priority = 7
      template.retry.retries = 1
      template.retry.base = .seconds(2)
      template.retry.cap = .seconds(4)
      template.limits.run = .seconds(5)
      template.limits.total = .seconds(6)
      template.limits.queue = .seconds(7)
      template.limits.heartbeat = .seconds(8)
      template.atMostOnce = true
      #expect(task.template.value == template)
      #expect(task.ownParam == [0xFF, 0, 1])
      #expect(task.nominalAt == (try Timestamp(parsing: "2030-01-01T00:00:00Z")))
    }
  }

  @Test func `a repeat with the same key gets the same task and another request is refused`()
    async throws
  {
    try await withControl { control in
      let request: JSONValue = ["task": ["handler": "h"], "idempotencyKey": "k"]
      let first = try await control.call("SubmitTask", request)
      let second = try await control.call("SubmitTask", request)
      #expect(first["repeatedRequest"] == nil && second["repeatedRequest"] == true)
      #expect(first["id"] == second["id"])
      let status = await #expect(throws: GRPCStatus.self) {
        try await control.call(
          "SubmitTask",
          ["task": ["handler": "other"], "idempotencyKey": "k"]
        )
      }
      #expect(status?.code == .alreadyExists)
      let info = try StatusDetails(try #require(status)).infos.first
      #expect(info?.reason == "idempotency-key-reused")
      #expect(info?.metadata == ["field": "idempotency_key"])
    }
  }

  @Test func `of a thousand tasks only the wrong one is refused`() async throws {
    try await withControl { control in
      let tasks = (0..<1_000).map { number -> JSONValue in
        number == 500
          ? ["handler": "not a name"]
          : ["handler": "h", "param": .string(Base64.encode(Array("\(number)".utf8)))]
      }
      let answer = try await control.call("SubmitTasks", ["tasks": .array(tasks)])
      let answers = try #require(answer["answers"]).items
      #expect(answers.count == 1_000 && Set(answers.compactMap { $0["id"]?.text }).count == 999)
      #expect(answers[500]["code"] == "invalid-field" && answers[500]["field"] == "handler")
      #expect(answers[500]["error"]?.text?.contains("not a name") == true)
      for number in [0, 499, 501, 999] {
        let id = try #require(answers[number]["id"]?.text.flatMap(UUIDv7.init))
        let task = try #require(await control.store.task(TaskID(id)))
        #expect(task.task.ownParam == Array("\(number)".utf8))
      }
    }
  }

  @Test func `no task and ten thousand are allowed, one more is not`() async throws {
    try await withControl { control in
      #expect(try await control.call("SubmitTasks") == [:])
      var writer = WireWriter(capacity: 60_000)
      for _ in 0..<10_001 { writer.message(2) { $0.text(1, "h") } }
      let most = Array(writer.bytes.dropLast(5))
      let answer = try await control.send("SubmitTasks", most)
      #expect(answer.count == 10_000 * 40)
      let status = await #expect(throws: GRPCStatus.self) {
        try await control.send("SubmitTasks", writer.bytes)
      }
      #expect(status?.code == .invalidArgument)
    }
  }

  @Test func `a parameter over a mebibyte is refused, one of a mebibyte is not`() async throws {
    try await withControl { control in
      func request(_ count: Int) -> [UInt8] {
        var writer = WireWriter(capacity: count + 64)
        writer.message(2) { task in
          task.text(1, "h")
          task.data(2, [UInt8](repeating: 1, count: count))
        }
        return writer.bytes
      }
      _ = try await control.send("SubmitTask", request(1 << 20))
      let status = await #expect(throws: GRPCStatus.self) {
        try await control.send("SubmitTask", request(1 << 20 + 1))
      }
      #expect(status?.code == .invalidArgument)
    }
  }

  @Test func `what tasks have in common is checked once, in any order of the fields`() throws {
    let intake = TaskIntake()
    var (first, second) = (WireWriter(capacity: 16), WireWriter(capacity: 16))
    first.text(1, "h")
    first.data(2, [1])
    second.data(2, [2])
    second.text(3, "2030-01-01T00:00:00Z")
    second.text(1, "h")
    let one = try intake.submission(first.bytes, at: 0..<first.bytes.count, in: "default")
    let two = try intake.submission(second.bytes, at: 0..<second.bytes.count, in: "default")
    #expect(one.template == two.template && one.param == [1] && two.param == [2])
    #expect(one.at == nil && two.at != nil && intake.kindCount == 1)
    let other = try intake.submission(first.bytes, at: 0..<first.bytes.count, in: "other")
    #expect(other.template.namespace == "other" && intake.kindCount == 2)
  }

  @Test func `neither many kinds of task nor long ones fill the memory`() throws {
    let intake = TaskIntake()
    for number in 0..<TaskIntake.mostKinds + 10 {
      var writer = WireWriter(capacity: 16)
      writer.text(1, "h\(number)")
      _ = try intake.submission(writer.bytes, at: 0..<writer.bytes.count, in: "default")
    }
    #expect(intake.kindCount == 10)
    var long = WireWriter(capacity: 4_096)
    long.text(1, "h")
    long.pair(5, key: "0", value: String(repeating: "x", count: 2_000))
    _ = try intake.submission(long.bytes, at: 0..<long.bytes.count, in: "default")
    #expect(intake.kindCount == 10)
  }
}
