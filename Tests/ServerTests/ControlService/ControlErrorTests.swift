import ControlAPI
import PlatformGRPC
import Testing
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1)))
struct ControlErrorTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let method: String
    let request: JSONValue
    let status: GRPCStatus.Code
    let reason: Problem.Code
    var field: String?

    var testDescription: String { "\(method): \(reason.rawValue)" }
  }

  static let cases = [
    Case("GetTask", ["id": "no-id"], .notFound, .notFound),
    Case("GetTrigger", ["name": "none"], .notFound, .notFound),
    Case(
      "GetTrigger",
      ["name": "none", "namespace": "nowhere"],
      .notFound,
      .notFound,
      "namespace"
    ),
    Case("GetWorker", ["name": "none"], .notFound, .notFound),
    Case(
      "CreateTrigger",
      ["name": "x", "schedule": "@daily"],
      .invalidArgument,
      .missingField,
      "handler"
    ),
    Case(
      "CreateTrigger",
      ["name": "x", "handler": "h", "schedule": "@daily", "retryBackoff": "soon"],
      .invalidArgument,
      .invalidField,
      "retry_backoff"
    ),
    Case(
      "CreateTrigger",
      ["name": "x", "handler": "h", "schedule": "@daily", "labels": ["-Bad": "x"]],
      .invalidArgument,
      .invalidField,
      "labels.-Bad"
    ),
    Case("CreateNamespace", ["name": "default"], .alreadyExists, .conflict),
    Case("DeleteNamespace", ["name": "default"], .failedPrecondition, .conflict),
    Case(
      "UpdateNamespace",
      ["name": "default", "description": "x", "revision": 9],
      .failedPrecondition,
      .stale,
      "revision"
    ),
    Case("ListTasks", ["state": "Odd"], .invalidArgument, .invalidParameter, "state"),
    Case("ListTasks", ["limit": 0], .invalidArgument, .invalidParameter, "limit"),
    Case("ListTasks", ["cursor": "AAAA"], .invalidArgument, .badCursor, "cursor"),
    Case(
      "SubmitTask",
      ["task": ["handler": "h", "priority": 10]],
      .invalidArgument,
      .invalidField,
      "priority"
    ),
    Case(
      "SubmitTask",
      ["task": ["handler": "h", "at": "noon"]],
      .invalidArgument,
      .invalidField,
      "at"
    ),
    Case(
      "SubmitTask",
      ["namespace": "nowhere", "task": ["handler": "h"]],
      .notFound,
      .notFound,
      "namespace"
    ),
    Case(
      "SubmitTask",
      ["task": ["handler": "h"], "idempotencyKey": "tab\there"],
      .invalidArgument,
      .invalidField,
      "idempotency_key"
    ),
    Case(
      "SubmitTasks",
      ["namespace": "nowhere", "tasks": [["handler": "h"]]],
      .notFound,
      .notFound,
      "namespace"
    ),
  ]

  @Test func `a problem becomes a status with one error info`() async throws {
    try await withControl { control in
      for expected in Self.cases {
        let status = await #expect(throws: GRPCStatus.self, "\(expected.testDescription)") {
          try await control.call(expected.method, expected.request)
        }
        guard let status else { continue }
        #expect(status.code == expected.status, "\(expected.testDescription): \(status)")
        #expect(!status.message.isEmpty)
        let infos = try StatusDetails(status).infos
        #expect(infos.count == 1)
        #expect(infos.first?.reason == expected.reason.rawValue)
        #expect(infos.first?.domain == "tompion")
        #expect(infos.first?.metadata["field"] == expected.field, "\(expected.testDescription)")
      }
    }
  }

  @Test(arguments: ["GetTrigger", "GetTask", "SubmitTask", "DeleteNamespace", "CreateTrigger"])
  func `a request without its subject is told so`(method: String) async throws {
    try await withControl { control in
      let status = await #expect(throws: GRPCStatus.self) { try await control.send(method, []) }
      #expect(status?.code == .invalidArgument)
      let reason = try StatusDetails(try #require(status)).infos.first?.reason
      #expect(reason == "missing-field")
    }
  }

  @Test func `only those who have the token are let in`() async throws {
    try await withControl(token: "secret") { control in
      for method in ["ListTriggers", "SubmitTask", "SubmitTasks"] {
        for wrong in [nil, "", "secre", "secret2"] {
          let status = await #expect(throws: GRPCStatus.self) {
            try await control.send(method, [], token: wrong)
          }
          #expect(status?.code == .unauthenticated)
          let reason = try StatusDetails(try #require(status)).infos.first?.reason
          #expect(reason == "unauthorized")
        }
      }
      #expect(try await control.call("ListTriggers", token: "secret") == [:])
      let answer = try await control.call(
        "SubmitTask",
        ["task": ["handler": "h"]],
        token: "secret"
      )
      #expect(answer["id"] != nil)
    }
  }

  @Test func `every code of a problem has a status that is an error`() {
    for code in Problem.Code.allCases {
      let status = GRPCStatus(Problem(code, "why"), in: "GetTask")
      #expect(status.code != .ok && status.code != .unknown)
      #expect((status.code == .invalidArgument) == (code.status == 400 || code.status == 415))
    }
  }
}

extension ControlErrorTests.Case {
  fileprivate init(
    _ method: String,
    _ request: JSONValue,
    _ status: GRPCStatus.Code,
    _ reason: Problem.Code,
    _ field: String? = nil
  ) {
    self.init(method: method, request: request, status: status, reason: reason, field: field)
  }
}
