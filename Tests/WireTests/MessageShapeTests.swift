import Engine
import Testing
import Wire

@Suite(.timeLimit(.minutes(1)))
struct MessageShapeTests {
  @Test func `every method of the control service has its messages`() {
    let service = ServiceShape.control
    #expect(service.name == "tompion.control.v1.ControlService")
    #expect(Set(service.methods.map(\.name)).count == service.methods.count)
    #expect(service.method("SubmitTask")?.answer.name == "SubmitTaskResponse")
    #expect(service.method("Nothing") == nil)
  }

  @Test func `fields keep their numbers, their names and their kinds`() throws {
    let create = try #require(ServiceShape.control.method("CreateTrigger")?.request)
    let spec = try #require(create.field(3))
    #expect(spec.name == "spec" && spec.isRequired && !spec.isRepeated)
    guard case .message(let trigger) = spec.kind else { throw Unexpected() }
    let labels = try #require(trigger.field(10))
    #expect(labels.isRepeated && trigger.field(3)?.jsonName == "timeZone")
    guard case .message(let pair) = labels.kind else { throw Unexpected() }
    #expect(pair.isPair && !trigger.isPair)
    #expect(trigger.field(0) == nil && trigger.field(999) == nil)
  }

  struct Unexpected: Error {}

  @Test(arguments: [
    ("time_zone", "timeZone"), ("run_instance_id", "runInstanceId"), ("id", "id"),
    ("without_worker_since", "withoutWorkerSince"),
  ])
  func `names go from one style to the other and back`(schema: String, json: String) {
    #expect(schema.camelCased == json)
    #expect(json.snakeCased == schema)
  }

  @Test func `an identifier is written as it describes itself`() throws {
    let id = UUIDv7(high: 0x0123_4567_89ab_7def, low: 0x8edc_ba98_7654_3210)
    var (fast, plain) = (WireWriter(capacity: 40), WireWriter(capacity: 40))
    fast.identifierText(1, id)
    plain.text(1, id.description)
    #expect(fast.bytes == plain.bytes)
  }

  @Test func `an error names its reason, its domain and its field`() {
    let info = ErrorInfo(reason: "not-found", domain: "tompion", metadata: ["field": "name"])
    let bytes = info.encoded()
    #expect(bytes.starts(with: [0x0A, 9]))
    #expect(bytes.suffix(15) == [0x1A, 13, 0x0A, 5] + "field".utf8 + [0x12, 4] + "name".utf8)
  }
}
