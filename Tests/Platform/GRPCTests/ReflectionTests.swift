import PlatformGRPC
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized)
struct ReflectionTests {
  /// One field of a protobuf message that holds bytes.
  func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    precondition(bytes.count < 128)
    return [number << 3 | 2, UInt8(bytes.count)] + bytes
  }

  func field(_ number: UInt8, _ text: String) -> [UInt8] {
    field(number, Array(text.utf8))
  }

  /// Two files: b.proto, which imports a.proto and extends its message, and has a service.
  var descriptorSet: [UInt8] {
    let extended = field(1, "count") + [0x18, 100] + field(2, ".x.A")
    let message = field(1, "A") + field(2, field(1, "id"))
    let choice = field(1, "Color") + field(2, field(1, "RED"))
    let service = field(1, "S") + field(2, field(1, "Do"))
    let first = field(1, "a.proto") + field(2, "x") + field(4, message) + field(5, choice)
    let second =
      field(1, "b.proto") + field(2, "x") + field(3, "a.proto") + field(6, service)
      + field(7, extended)
    return field(1, first) + field(1, second)
  }

  func ask(_ request: [UInt8], version: String = "v1") async throws -> [UInt8]? {
    let reflection = try GRPCReflection(descriptorSets: [descriptorSet])
    let path = "/grpc.reflection.\(version).ServerReflection/ServerReflectionInfo"
    return try await withServer(reflection.methods) { channel, _ in
      let recorder = Recorder()
      let stream = channel.open(path, timeout: .seconds(20)) { stream in
        recorder.sender = { stream.wantsToSend() }
        return recorder
      }
      recorder.send(request)
      recorder.send(request)
      stream.sendEnd()
      let finished = await recorder.finished()
      #expect(finished.status == .ok)
      #expect(finished.messages.count == 2)
      #expect(finished.messages.first == finished.messages.last)
      return finished.messages.first
    }
  }

  func contains(_ response: [UInt8]?, _ text: String) -> Bool {
    response?.firstRange(of: Array(text.utf8)) != nil
  }

  @Test(arguments: ["v1", "v1alpha"])
  func `the services are listed, health and reflection among them`(version: String) async throws {
    let response = try await ask(field(7, "*"), version: version)
    #expect(contains(response, "x.S"))
    #expect(contains(response, "grpc.health.v1.Health"))
    #expect(contains(response, "grpc.reflection.v1.ServerReflection"))
    #expect(contains(response, "grpc.reflection.v1alpha.ServerReflection"))
  }

  @Test(arguments: [(3, "b.proto"), (4, "x.S"), (4, "x.S.Do"), (4, "x.count")])
  func `a file comes with those it imports`(question: Int, name: String) async throws {
    let response = try await ask(field(UInt8(question), name))
    #expect(contains(response, "b.proto"))
    #expect(contains(response, "Color"))
  }

  @Test(arguments: ["x.A", "x.A.id", "x.Color", "x.RED"])
  func `a symbol is found in its own file`(name: String) async throws {
    let response = try await ask(field(4, name))
    #expect(contains(response, "Color"))
    #expect(!contains(response, "b.proto"))
  }

  @Test func `extensions are found by type and number`() async throws {
    let response = try await ask(field(5, field(1, "x.A") + [0x10, 100]))
    #expect(contains(response, "b.proto"))
    let numbers = try await ask(field(6, "x.A"))
    #expect(numbers?.suffix(2) == [0x10, 100])
  }

  @Test(arguments: [(3, "c.proto"), (4, "x.Nothing"), (6, "x.Nothing")])
  func `what is not known is answered as not found`(question: Int, name: String) async throws {
    let response = try #require(try await ask(field(UInt8(question), name)))
    let error = [0x08, 5] + field(2, "\(name) is not known")
    #expect(Array(response.suffix(error.count + 2)) == field(7, error))
  }

  @Test func `the module's own files can be asked for`() async throws {
    #expect(contains(try await ask(field(4, "grpc.health.v1.Health")), "HealthCheckResponse"))
  }

  @Test func `what is no descriptor set is refused`() {
    #expect(throws: GRPCStatus.self) { try GRPCReflection(descriptorSets: [[0x0A, 100]]) }
  }
}
