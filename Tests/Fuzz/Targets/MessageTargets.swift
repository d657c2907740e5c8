import ControlAPI
import Engine
import Wire

@testable import PlatformGRPC
@testable import Server

extension FuzzTarget {
  /// Protocol buffers, as they come from the wire.
  static let messages = [
    FuzzTarget("from-worker") { input in
      guard let message = try? unsafe input.withUnsafeBytes({ try unsafe FromWorker(decoding: $0) })
      else { return }
      let bytes = message.encoded()
      let again = try? unsafe bytes.withUnsafeBytes { try unsafe FromWorker(decoding: $0) }
      try demand(again == message, "\(message) reads as \(again as Any)")
    },
    FuzzTarget("from-server") { input in
      guard let message = try? unsafe input.withUnsafeBytes({ try unsafe FromServer(decoding: $0) })
      else { return }
      let bytes = message.encoded()
      let again = try? unsafe bytes.withUnsafeBytes { try unsafe FromServer(decoding: $0) }
      try demand(again == message, "\(message) reads as \(again as Any)")
    },
    FuzzTarget("control", longest: 2_048) { input in
      guard let choice = input.first else { return }
      let shapes = ServiceShape.control.methods
      try await checkControl(shapes[Int(choice) % shapes.count], Array(input.dropFirst()))
    },
    FuzzTarget("submit", longest: 2_048) { input in
      guard let request = try? SubmitRequest(input, of: "SubmitTasks") else { return }
      for range in request.tasks {
        _ = try? intake.submission(input, at: range, in: request.namespace)
      }
    },
    FuzzTarget("reflection", longest: 512) { input in
      guard let answer = try? reflection?.answer(input) else { return }
      _ = try PlatformGRPC.WireReader.fields(of: answer[...])
    },
  ]

  private static let intake = TaskIntake()
  private static let reflection = Base64.decode(Descriptors.base64)
    .flatMap { try? GRPCReflection(descriptorSets: [$0]) }

  /// Does what the service does with a call: read, perform, write.
  private static func checkControl(
    _ shape: ServiceShape.Method,
    _ bytes: [UInt8]
  ) async throws {
    guard let method = ControlMethod.all.first(where: { $0.name == shape.name }) else { return }
    let world = try await ControlWorld()
    do throws(Problem) {
      let request = try ControlRequest(bytes, of: shape)
      let answer = try await method.perform(world.controller, request)
      let written = try MessageWriter.bytes(of: answer, as: shape.answer)
      _ = try MessageReader.members(of: written, as: shape.answer)
    } catch {
      guard error.code == .internalError else { return }
      throw Broken("\(method.name): \(error.detail)")
    }
  }
}
