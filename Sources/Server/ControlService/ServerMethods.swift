package import PlatformGRPC
import Wire

/// What the server answers over gRPC besides its workers: the control service, and the standard
/// services by which tools learn how it is and what it can do.
///
/// Health and reflection ask for no token: they tell nothing that the schema does not.
package struct ServerMethods: Sendable {
  /// Tells whether the server is well; the empty name and the names of both services.
  package let health: GRPCHealth
  package let all: [GRPCMethod]

  /// Callers of the control service must send `token`; `nil` lets everybody in.
  package init(controller: Controller, token: String?) {
    health = GRPCHealth()
    health.set(.serving, of: ServiceShape.control.name)
    health.set(.serving, of: "tompion.worker.v1.WorkerService")
    all =
      ControlService.methods(controller: controller, token: token) + health.methods
      + ServerMethods.reflection
  }

  private static var reflection: [GRPCMethod] {
    guard let schema = Base64.decode(Descriptors.base64),
      let reflection = try? GRPCReflection(descriptorSets: [schema])
    else { preconditionFailure("the schema that was built in cannot be read") }
    return reflection.methods
  }
}
