/// How a call ended.
package struct GRPCStatus: Error, Sendable, Hashable {
  /// The codes of the gRPC protocol, under its numbers.
  package enum Code: UInt32, Sendable, Hashable, CaseIterable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16
  }

  package var code: Code
  /// For a person. What goes over the wire ends after 1,024 bytes.
  package var message: String
  /// A serialized `google.rpc.Status`, or empty. More than 4,096 bytes are not sent at all: a peer
  /// that limits its headers to the usual 8 KiB would lose the whole status.
  package var details: [UInt8]

  package init(_ code: Code, _ message: String = "", details: [UInt8] = []) {
    self.code = code
    self.message = message
    self.details = details
  }

  package static let ok = GRPCStatus(.ok)
}

extension GRPCStatus: CustomStringConvertible {
  package var description: String {
    message.isEmpty ? "\(code)" : "\(code): \(message)"
  }
}

extension GRPCStatus {
  /// One message inside a `google.rpc.Status`: a `google.protobuf.Any`.
  package struct Detail: Sendable, Hashable {
    /// For example `type.googleapis.com/google.rpc.ErrorInfo`.
    package var typeURL: String
    /// The message, serialized.
    package var value: [UInt8]

    package init(typeURL: String, value: [UInt8]) {
      self.typeURL = typeURL
      self.value = value
    }
  }

  /// A status whose `details` carry `code`, `message` and `attaching`, as google.rpc.Status wants it.
  package init(_ code: Code, _ message: String, attaching: [Detail]) {
    var status = WireWriter()
    status.write(field: 1, varint: UInt64(code.rawValue))
    status.write(field: 2, text: message)
    for detail in attaching {
      var wrapped = WireWriter()
      wrapped.write(field: 1, text: detail.typeURL)
      wrapped.write(field: 2, bytes: detail.value)
      status.write(field: 3, bytes: wrapped.bytes)
    }
    self.init(code, message, details: status.bytes)
  }
}
