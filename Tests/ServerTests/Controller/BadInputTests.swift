import ControlAPI
import Engine
import PlatformHTTP
import Testing

@testable import Server

/// What is refused, with the field to blame, and without a trace in the store.
@Suite(.timeLimit(.minutes(1)))
struct BadInputTests {
  static let root = RESTFixture.root

  /// A member that spoils an otherwise good trigger, and who is to blame.
  static let spoiled: [(member: String, field: String)] = [
    (#""name":5"#, "name"), (#""name":"""#, "name"), (#""name":".x""#, "name"),
    (#""name":"a b""#, "name"), (#""name":"\#(String(repeating: "x", count: 129))""#, "name"),
    (#""name":"ä""#, "name"),
    (#""handler":"""#, "handler"), (#""handler":["h"]"#, "handler"),
    (#""schedule":"""#, "schedule"), (#""schedule":"* * *""#, "schedule"),
    (#""schedule":"61 * * * *""#, "schedule"), (#""schedule":"0 0 30 2 *""#, "schedule"),
    (#""schedule":"@every 1ms""#, "schedule"),
    (#""schedule":"at 2020-01-01T00:00:00Z""#, "schedule"),
    (#""schedule":"TZ=UTC 0 0 * * *""#, "schedule"), (#""schedule":7"#, "schedule"),
    (#""schedule":"\#(String(repeating: "1,", count: 200))1 * * * *""#, "schedule"),
    (#""timeZone":"Mars/Olympus""#, "timeZone"), (#""timeZone":"../../etc/passwd""#, "timeZone"),
    (#""timeZone":1"#, "timeZone"),
    (#""start":"yesterday""#, "start"), (#""start":"2027-02-30T00:00:00Z""#, "start"),
    (#""start":"2027-02-01T00:00:00""#, "start"), (#""end":5"#, "end"),
    (#""end":"2020-01-01T00:00:00Z""#, "end"),
    (#""repeats":0"#, "repeats"), (#""repeats":"3""#, "repeats"), (#""repeats":1.5"#, "repeats"),
    (#""param":{}"#, "param"),
    (#""shards":0"#, "shards"), (#""shards":1025"#, "shards"), (#""shards":true"#, "shards"),
    (#""shardParams":{"1":"x"}"#, "shardParams.1"),
    (#""shardParams":{"-1":"x"}"#, "shardParams.-1"),
    (#""shardParams":{"00":"x"}"#, "shardParams.00"), (#""shardParams":{"0":1}"#, "shardParams.0"),
    (#""shardParams":[]"#, "shardParams"),
    (#""labels":"x""#, "labels"), (#""labels":{"":"x"}"#, "labels."),
    (#""labels":{"k":1}"#, "labels.k"), (#""labels":{"k":"a\nb"}"#, "labels.k"),
    (#""labels":{"k":"\#(String(repeating: "v", count: 257))"}"#, "labels.k"),
    (#""labels":{\#((0...32).map { "\"k\($0)\":\"v\"" }.joined(separator: ","))}"#, "labels"),
    (#""priority":-1"#, "priority"), (#""priority":10"#, "priority"),
    (#""priority":99999999999999999999"#, "priority"),
    (#""retries":-1"#, "retries"), (#""retries":101"#, "retries"),
    (#""retryBackoff":"0""#, "retryBackoff"), (#""retryBackoff":"2h""#, "retryBackoff"),
    (#""retryBackoff":1"#, "retryBackoff"), (#""retryBackoff":"1 s""#, "retryBackoff"),
    (#""retryBackoffCap":"10ms""#, "retryBackoffCap"),
    (#""runTimeout":"1ms""#, "runTimeout"), (#""runTimeout":"-1s""#, "runTimeout"),
    (#""taskTimeout":"366d""#, "taskTimeout"), (#""queueTimeout":"soon""#, "queueTimeout"),
    (#""heartbeatTimeout":null,"heartbeatTimeOut":"1s""#, "heartbeatTimeOut"),
    (#""misfire":"never""#, "misfire"), (#""misfire":"Once""#, "misfire"),
    (#""misfireWindow":"x""#, "misfireWindow"), (#""overlap":"queued""#, "overlap"),
    (#""atMostOnce":1"#, "atMostOnce"), (#""online":"yes""#, "online"),
    (#""calendar":"x""#, "calendar"), (#""revision":3"#, "revision"), (#""id":"x""#, "id"),
  ]

  @Test(arguments: spoiled)
  func `a bad member is named and nothing is created`(member: String, field: String) async throws {
    try await withREST { rest in
      var members = [#""name":"t""#, #""handler":"h""#, #""schedule":"@every 1m""#]
      members.removeAll { member.hasPrefix($0.prefix { $0 != ":" } + ":") }
      let body = "{" + (members + [member]).joined(separator: ",") + "}"
      let answer = try await rest.send(.post, Self.root + "/triggers", body)
      #expect(answer.status == 400, "\(answer.text)")
      #expect(answer.problem?.field == field)
      #expect(answer.problem?.status == 400)
      let list = try await rest.send(.get, Self.root + "/triggers")
      #expect(try list.decoded(Listing<TriggerInfo>.self).items.isEmpty)
      // The same member spoils a task in the same way, where tasks have it.
      let isTasks = TaskFields.submission.contains { member.hasPrefix("\"\($0.name)\":") }
      guard isTasks, field != "shardParams.1" else { return }
      let own = ([#""handler":"h""#].filter { _ in !member.hasPrefix(#""handler"#) } + [member])
      let task = try await rest.send(
        .post,
        Self.root + "/tasks",
        "{" + own.joined(separator: ",") + "}"
      )
      #expect(task.status == 400 && task.problem?.field == field, "\(task.text)")
      let tasks = try await rest.send(.get, Self.root + "/tasks")
      #expect(try tasks.decoded(Listing<TaskInfo>.self).items.isEmpty)
    }
  }

  @Test(arguments: [
    ("name", #"{"handler":"h","schedule":"@daily"}"#),
    ("handler", #"{"name":"t","schedule":"@daily"}"#),
    ("schedule", #"{"name":"t","handler":"h"}"#),
    ("schedule", #"{"name":"t","handler":"h","schedule":null}"#),
  ])
  func `a missing member is named`(field: String, body: String) async throws {
    try await withREST { rest in
      let answer = try await rest.send(.post, Self.root + "/triggers", body)
      #expect(answer.status == 400 && answer.problem?.code == .missingField)
      #expect(answer.problem?.field == field)
    }
  }

  @Test(arguments: [
    ("{", "line 1, column 2"), ("{\n  \"a\": ,\n}", "line 2, column 8"),
    ("{\"a\":1,\"a\":2}", "line 1, column 8"), ("{} x", "line 1, column 4"),
    ("{\"a\":01}", "line 1, column 8"), ("{\"a\":\"\u{1}\"}", "line 1, column 7"),
    ("{\"a\":\"\\ud800\"}", "line 1, column"), ("{\"a\":1e999}", "line 1, column"),
    (String(repeating: "[", count: 100_000), "line 1, column 65"), ("[]", "must be a JSON object"),
    ("{'a':1}", "line 1, column 2"), ("{\"a\":nul}", "line 1, column 6"),
  ])
  func `malformed JSON is placed`(body: String, place: String) async throws {
    try await withREST { rest in
      let answer = try await rest.send(.post, Self.root + "/triggers", body)
      #expect(answer.status == 400)
      #expect(answer.problem?.detail.contains(place) == true, "\(answer.text)")
    }
  }

  @Test func `what is not UTF-8 is refused with its place`() throws {
    let bytes = Array("{\"a\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
    let error = #expect(throws: JSONSyntaxError.self) {
      try JSONParser.parse(bytes)
    }
    #expect(error?.message == "the text is not UTF-8")
    #expect(error?.column == 7)
  }

  @Test func `bodies have a type and a size`() async throws {
    try await withREST { rest in
      let path = Self.root + "/triggers"
      for type in [
        "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1",
      ] {
        let answer = try await rest.send(.post, path, "{}", ["Content-Type": type])
        #expect(answer.status == 415 && answer.problem?.field == "Content-Type")
      }
      let charset = try await rest.send(
        .post,
        path,
        RESTTriggerTests.nightly,
        ["Content-Type": "application/json; charset=UTF-8"]
      )
      #expect(charset.status == 201)
      let huge = #"{"param":"\#(String(repeating: "x", count: 1 << 20))"}"#
      let large = try await rest.send(.post, path, huge)
      #expect(large.status == 413 && large.problem?.code == .tooLarge)
      #expect(try await rest.send(.post, path).status == 400)
    }
  }

  @Test func `what is not there is a problem with a code`() async throws {
    try await withREST { rest in
      let id = "01943d7e-0000-7000-8000-000000000000"
      for path in [
        "/nowhere", "/api/v1/namespaces/other", "/api/v1/namespaces/other/tasks",
        "/api/v1/namespaces/other/triggers", "/api/v1/namespaces/other/events",
        Self.root + "/triggers/none", Self.root + "/tasks/\(id)", Self.root + "/tasks/x",
        Self.root + "/workers/none", Self.root + "/triggers/none/fires",
        Self.root + "/tasks/\(id)/why", Self.root + "/tasks/\(id)/log",
      ] {
        let answer = try await rest.send(.get, path)
        #expect(answer.status == 404 && answer.problem?.code == .notFound, "\(path)")
      }
      let elsewhere = try await rest.send(
        .post,
        "/api/v1/namespaces/other/tasks",
        #"{"handler":"h"}"#
      )
      #expect(elsewhere.status == 404 && elsewhere.problem?.field == "namespace")
    }
  }

  @Test func `a task is not seen from another namespace`() async throws {
    try await withREST { rest in
      _ = try await rest.send(.post, "/api/v1/namespaces", #"{"name":"other"}"#)
      let task = try await rest.send(.post, Self.root + "/tasks", #"{"handler":"h"}"#)
        .decoded(TaskInfo.self)
      let path = "/api/v1/namespaces/other/tasks/\(task.id)"
      #expect(try await rest.send(.get, path).status == 404)
      #expect(try await rest.send(.post, path + "/cancel").status == 404)
    }
  }

  @Test func `a method that is not offered names those that are`() async throws {
    try await withREST { rest in
      let answer = try await rest.send(.put, "/api/v1/namespaces", "{}")
      #expect(answer.status == 405 && answer.problem?.code == .methodNotAllowed)
      #expect(answer.headers["Allow"] == "GET, HEAD, POST")
    }
  }

  @Test(arguments: ["", String(repeating: "k", count: 256), "\u{e9}"])
  func `a bad idempotency key is refused`(key: String) async throws {
    try await withREST { rest in
      let answer = try await rest.send(
        .post,
        Self.root + "/tasks",
        #"{"handler":"h"}"#,
        ["Idempotency-Key": key]
      )
      #expect(answer.status == 400 || key.isEmpty && answer.status == 201)
      if answer.status == 400 { #expect(answer.problem?.field == "Idempotency-Key") }
    }
  }
}
