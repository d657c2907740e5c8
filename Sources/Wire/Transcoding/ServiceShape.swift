internal import CWire

/// What the methods of a service take and give.
package struct ServiceShape: Sendable {
  /// With its package: `tompion.control.v1.ControlService`.
  package let name: String
  package let methods: [Method]

  package struct Method: Sendable {
    package let name: String
    package let request: MessageShape
    package let answer: MessageShape
  }

  /// The methods that mirror REST.
  package static let control = unsafe ServiceShape(
    tompion__control__v1__control_service__descriptor
  )

  init(_ service: ProtobufCServiceDescriptor) {
    let methods = unsafe UnsafeBufferPointer(start: service.methods, count: Int(service.n_methods))
    name = unsafe String(cString: service.name)
    self.methods = unsafe methods.map { method in
      unsafe Method(
        name: String(cString: method.name),
        request: MessageShape(method.input),
        answer: MessageShape(method.output)
      )
    }
  }

  package func method(_ name: String) -> Method? {
    methods.first { $0.name == name }
  }
}
