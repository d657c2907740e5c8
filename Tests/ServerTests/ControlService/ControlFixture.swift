import ControlAPI
import Engine
import PlatformGRPC
import Store
import Testing
import TompionTesting
import Wire

@testable import Server

/// The control service behind a real gRPC server, over a store in memory and made-up workers.
final class ControlFixture: Sendable {
  let store: MemoryStore
  let controller: Controller
  let directory = MadeUpDirectory()
  let time = SharedTime()
  let channel: GRPCChannel
  let methods: ServerMethods
  private let server: GRPCServer

  init(token: String? = nil) async throws {
    let clock = time
    store = MemoryStore { clock.now }
    controller = Controller(store: store, workers: directory) { clock.now }
    try await controller.prepare()
    methods = ServerMethods(controller: controller, token: token)
    server = try GRPCServer(
      configuration: GRPCServerConfiguration(host: "127.0.0.1", port: 0),
      methods: methods.all
    )
    channel = GRPCChannel(target: try server.start().description)
  }

  func stop() async {
    channel.close()
    await server.shutdown(grace: .zero)
  }

  static func path(_ method: String) -> String { "/tompion.control.v1.ControlService/\(method)" }

  /// Calls `method` with the message that says what `request` says.
  func call(
    _ method: String,
    _ request: JSONValue = [:],
    token: String? = nil
  ) async throws -> JSONValue {
    let shape = try #require(ServiceShape.control.method(method))
    let bytes = try MessageWriter.bytes(of: request, as: shape.request)
    let answer = try await send(method, bytes, token: token)
    return .object(try MessageReader.members(of: answer, as: shape.answer))
  }

  func send(
    _ method: String,
    _ bytes: [UInt8],
    token: String? = nil
  ) async throws(GRPCStatus) -> [UInt8] {
    var metadata = GRPCMetadata()
    if let token { metadata.append("authorization", "Bearer \(token)") }
    return try await channel.unary(
      Self.path(method),
      request: bytes,
      metadata: metadata,
      timeout: .seconds(20)
    )
  }

  /// Submits one task and returns its identifier.
  func submit(handler: String = "hello") async throws -> String {
    let answer = try await call("SubmitTask", ["task": ["handler": .string(handler)]])
    return try #require(answer["id"]?.text)
  }
}

/// Runs a test with a fixture that is stopped in the end.
func withControl(
  token: String? = nil,
  _ test: (ControlFixture) async throws -> Void
) async throws {
  let fixture = try await ControlFixture(token: token)
  do {
    try await test(fixture)
  } catch {
    await fixture.stop()
    throw error
  }
  await fixture.stop()
}

extension JSONValue {
  subscript(member: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members[member]
  }

  var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  var items: [JSONValue] {
    guard case .array(let items) = self else { return [] }
    return items
  }
}

/// What a status carries in its details, as a client would read it.
struct StatusDetails: Equatable {
  var infos: [ErrorInfo] = []

  init(_ status: GRPCStatus) throws {
    var reader = WireReader(status.details)
    while let field = try reader.next() {
      guard field.number == 3, case .content(let range) = field.value else { continue }
      let wrapped = try Self.texts(status.details, range)
      #expect(wrapped[1] == [Array(ErrorInfo.typeURL.utf8)])
      infos.append(try Self.info(try #require(wrapped[2]?.first)))
    }
  }

  private static func info(_ bytes: [UInt8]) throws -> ErrorInfo {
    let fields = try texts(bytes, 0..<bytes.count)
    var info = ErrorInfo(
      reason: String(decoding: fields[1]?.first ?? [], as: UTF8.self),
      domain: String(decoding: fields[2]?.first ?? [], as: UTF8.self)
    )
    for entry in fields[3] ?? [] {
      let pair = try texts(entry, 0..<entry.count)
      let key = String(decoding: pair[1]?.first ?? [], as: UTF8.self)
      info.metadata[key] = String(decoding: pair[2]?.first ?? [], as: UTF8.self)
    }
    return info
  }

  private static func texts(_ bytes: [UInt8], _ range: Range<Int>) throws -> [Int: [[UInt8]]] {
    var reader = WireReader(bytes, in: range)
    var found: [Int: [[UInt8]]] = [:]
    while let field = try reader.next() {
      guard case .content(let content) = field.value else { continue }
      found[field.number, default: []].append(Array(bytes[content]))
    }
    return found
  }
}
