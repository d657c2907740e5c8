import ControlAPI
import PlatformGRPC
import Testing
import TompionTesting
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1)))
struct TranscodingTests {
  private func shape(_ method: String) throws -> ServiceShape.Method {
    try #require(ServiceShape.control.method(method))
  }

  /// Written by `protoc --encode=tompion.control.v1.CreateTriggerRequest`.
  static let created: [UInt8] = [
    0x0A, 0x04, 0x62, 0x6C, 0x75, 0x65, 0x12, 0x07, 0x6E, 0x69, 0x67, 0x68,
    0x74, 0x6C, 0x79, 0x1A, 0x34, 0x0A, 0x03, 0x68, 0xC3, 0xA9, 0x12, 0x06,
    0x40, 0x64, 0x61, 0x69, 0x6C, 0x79, 0x1A, 0x03, 0x55, 0x54, 0x43, 0x30,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x40, 0x03,
    0x52, 0x06, 0x0A, 0x01, 0x61, 0x12, 0x01, 0x31, 0x52, 0x05, 0x0A, 0x01,
    0x62, 0x12, 0x00, 0xB0, 0x01, 0x01, 0xB8, 0x01, 0x00, 0x22, 0x01, 0x6B,
  ]

  @Test func `a message of another writer is read as its JSON`() throws {
    let members = try MessageReader.members(of: Self.created, as: shape("CreateTrigger").request)
    let expected: JSONValue = [
      "namespace": "blue", "name": "nightly", "handler": "hé", "schedule": "@daily",
      "timeZone": "UTC", "repeats": -1, "shards": 3, "labels": ["a": "1", "b": ""],
      "atMostOnce": true, "online": false, "idempotencyKey": "k",
    ]
    #expect(JSONValue.object(members) == expected)
  }

  @Test func `JSON is written as another writer writes it`() throws {
    let shape = try shape("CreateTrigger").request
    let members = try MessageReader.members(of: Self.created, as: shape)
    #expect(try MessageWriter.bytes(of: .object(members), as: shape) == Self.created)
  }

  /// Answers by the methods that give them.
  static let answers: [(String, any (Decodable & Sendable).Type)] = [
    ("GetNamespace", NamespaceInfo.self), ("ListNamespaces", Listing<NamespaceInfo>.self),
    ("GetTrigger", TriggerInfo.self), ("ListTriggers", Listing<TriggerInfo>.self),
    ("GetTask", TaskInfo.self), ("ListTasks", Listing<TaskInfo>.self),
    ("ExplainTask", WhyInfo.self), ("ListTaskLog", Listing<LogLineInfo>.self),
    ("ListFires", Listing<FireInfo>.self), ("Preview", PreviewInfo.self),
    ("BackfillTrigger", BackfillInfo.self), ("ListWorkers", Listing<WorkerInfo>.self),
    ("ListHandlers", Listing<HandlerInfo>.self), ("ListQueues", Listing<QueueInfo>.self),
  ]

  @Test func `the schema has every member of every answer, and requires none that may be absent`()
    throws
  {
    for (method, type) in Self.answers {
      var registry = SchemaRegistry()
      let reference = registry.reference(to: type)
      compare(try shape(method).answer, reference, registry.schemas)
    }
  }

  private func compare(
    _ shape: MessageShape,
    _ reference: JSONValue,
    _ schemas: [String: JSONValue]
  ) {
    guard let name = reference["$ref"]?.text?.split(separator: "/").last,
      let schema = schemas[String(name)], case .object(let members)? = schema["properties"]
    else { return }
    let required = Set(schema["required"]?.items.compactMap(\.text) ?? [])
    let fields = shape.fields.flatMap(\.withInlined)
    #expect(Set(fields.map(\.jsonName)) == Set(members.keys), "\(shape.name)")
    for field in fields where field.isRequired {
      #expect(required.contains(field.jsonName), "\(shape.name).\(field.name)")
    }
    for field in fields {
      guard case .message(let inner) = field.kind, let member = members[field.jsonName] else {
        continue
      }
      compare(inner, member["items"] ?? member, schemas)
    }
  }

  @Test func `a request takes what REST takes`() throws {
    let tables: [(String, [Field])] = [
      ("CreateTrigger", TriggerFields.creation), ("CreateNamespace", NamespaceFields.creation),
      ("Preview", TriggerFields.preview), ("PreviewTrigger", TriggerFields.ownPreview),
      ("FireTrigger", TriggerFields.fire), ("BackfillTrigger", TriggerFields.backfill),
    ]
    let apart: Set = ["namespace", "name", "idempotencyKey"]
    for (method, table) in tables {
      let fields = try shape(method).request.fields.flatMap(\.withInlined).map(\.jsonName)
      #expect(Set(fields).subtracting(apart) == Set(table.map(\.name)).subtracting(apart))
    }
    guard case .message(let task)? = try shape("SubmitTask").request.field(2)?.kind else { return }
    let fields = Set(task.fields.map(\.jsonName))
    #expect(fields == Set(TaskFields.submission.map(\.name)).subtracting(["paramBase64"]))
  }

  @Test func `an answer that does not fit is the server's fault`() throws {
    let shape = try shape("GetTask").answer
    for wrong: JSONValue in [[:], "text", ["id": 1], ["id": "x", "labels": 3]] {
      let problem = #expect(throws: Problem.self) { try MessageWriter.bytes(of: wrong, as: shape) }
      #expect(problem?.code == .internalError)
    }
  }

  @Test func `a pair given twice, half a pair and a list too long are refused`() throws {
    let shape = try shape("PatchTrigger").request
    func refused(_ write: (inout WireWriter) -> Void) -> Problem.Code? {
      var writer = WireWriter(capacity: 64)
      writer.message(3, write)
      return #expect(throws: Problem.self) {
        try MessageReader.members(of: writer.bytes, as: shape)
      }?.code
    }
    #expect(
      refused { writer in
        writer.pair(10, key: "a", value: "1")
        writer.pair(10, key: "a", value: "2")
      } == .invalidField
    )
    #expect(refused { $0.message(10) { $0.text(1, "a") } } == .invalidField)
    #expect(
      refused { writer in
        for _ in 0..<1_025 { writer.pair(9, key: "\(writer.bytes.count)", value: "") }
      } == .invalidField
    )
    #expect(refused { $0.data(1, [0xFF]) } == .malformedRequest)
    #expect(refused { $0.number(1, 1) } == .malformedRequest)
    var many = WireWriter(capacity: 4_096)
    for _ in 0..<1_025 { many.text(5, "") }
    #expect(throws: Problem.self) { try MessageReader.members(of: many.bytes, as: shape) }
  }

  @Test func `fields that the schema does not know are passed over`() throws {
    var writer = WireWriter(capacity: 64)
    writer.text(2, "x")
    writer.text(99, "what comes with a later version")
    let members = try MessageReader.members(of: writer.bytes, as: shape("GetTrigger").request)
    #expect(members == ["name": "x"])
  }
}

extension MessageShape.Field {
  /// The field, or those that stand in its place in JSON.
  fileprivate var withInlined: [MessageShape.Field] {
    guard isInlined, case .message(let inner) = kind else { return [self] }
    return inner.fields
  }
}

@Suite(.timeLimit(.minutes(1)))
struct HostileControlTests {
  @Test func `any bytes are a request or a problem that is the client's`() {
    var random = SeededRandom(seed: 5)
    let intake = TaskIntake()
    var refused = 0
    for round in 0..<4_000 {
      let bytes = random.spoiled(round % 3 == 0 ? [] : TranscodingTests.created)
      let method = ServiceShape.control.methods[round % ServiceShape.control.methods.count]
      let readings: [() throws -> Void] = [
        { _ = try ControlRequest(bytes, of: method) },
        { _ = try intake.submission(bytes, at: 0..<bytes.count, in: "default") },
        { _ = try SubmitRequest(bytes, of: "SubmitTasks") },
      ]
      for read in readings {
        do { try read() } catch {
          refused += 1
          #expect((error as? Problem)?.code.status == 400)
        }
      }
    }
    #expect(refused > 4_000)
  }

  @Test func `the server outlives any bytes and calls none of them its own fault`() async throws {
    try await withControl { control in
      var random = SeededRandom(seed: 6)
      let honest: Set<GRPCStatus.Code> = [
        .invalidArgument, .notFound, .alreadyExists, .failedPrecondition,
      ]
      for _ in 0..<12 {
        for method in ServiceShape.control.methods {
          let bytes = random.spoiled(TranscodingTests.created)
          do throws(GRPCStatus) { _ = try await control.send(method.name, bytes) } catch {
            #expect(honest.contains(error.code), "\(method.name): \(error)")
          }
        }
      }
      let id = try await control.submit()
      #expect(id.count == 36)
    }
  }
}

extension SeededRandom {
  /// `bytes` with some of them changed or without their end; random ones where there are none.
  fileprivate mutating func spoiled(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    if bytes.isEmpty {
      return (0..<Int(next() % 64)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
    for _ in 0...Int(next() % 4) {
      bytes[Int(next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: next())
    }
    if next() % 8 == 0 { bytes.removeLast(Int(next() % UInt64(bytes.count))) }
    return bytes
  }
}
