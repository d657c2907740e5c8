import ControlAPI
package import PlatformGRPC
import Wire

/// `tompion.control.v1.ControlService`: what REST offers, with the same rules, over gRPC.
package enum ControlService {
  /// The methods to serve. Callers must send `token`; `nil` lets everybody in.
  package static func methods(controller: Controller, token: String?) -> [GRPCMethod] {
    let submitting = Submitting(controller)
    return ControlMethod.all.map { method(controller, $0, token) } + [
      .promptUnary(path("SubmitTask"), guarded("SubmitTask", token, submitting.submitTask)),
      .promptUnary(path("SubmitTasks"), guarded("SubmitTasks", token, submitting.submitTasks)),
    ]
  }

  private static func path(_ method: String) -> String {
    "/\(ServiceShape.control.name)/\(method)"
  }

  private static func method(
    _ controller: Controller,
    _ method: ControlMethod,
    _ token: String?
  ) -> GRPCMethod {
    guard let shape = ServiceShape.control.method(method.name) else {
      preconditionFailure("the schema has no method \(method.name)")
    }
    return .unaryAsync(path(method.name)) { bytes, context throws(GRPCStatus) in
      guard Token.admits(context.metadata["authorization"], token) else {
        throw unauthorized(method.name)
      }
      do throws(Problem) {
        let request = try ControlRequest(bytes, of: shape)
        let answer = try await method.perform(controller, request)
        return try MessageWriter.bytes(of: answer, as: shape.answer)
      } catch {
        throw GRPCStatus(error, in: method.name)
      }
    }
  }

  private static func guarded(
    _ method: String,
    _ token: String?,
    _ handler: @escaping @Sendable (GRPCCall) -> Void
  ) -> @Sendable (GRPCCall) -> Void {
    guard let token else { return handler }  // Nobody need read the headers.
    return { call in
      guard Token.admits(call.metadata["authorization"], token) else {
        return call.fail(unauthorized(method))
      }
      handler(call)
    }
  }

  private static func unauthorized(_ method: String) -> GRPCStatus {
    GRPCStatus(
      Problem(
        .unauthorized,
        "the metadata authorization: Bearer TOKEN is needed, with the server's token",
        field: "authorization"
      ),
      in: method
    )
  }
}
