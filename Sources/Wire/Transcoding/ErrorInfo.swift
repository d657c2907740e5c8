/// Why a call failed, for a program: `google.rpc.ErrorInfo`.
package struct ErrorInfo: Sendable, Hashable {
  package static let typeURL = "type.googleapis.com/google.rpc.ErrorInfo"

  /// A stable word.
  package var reason: String
  /// Whose word it is.
  package var domain: String
  package var metadata: [String: String]

  package init(reason: String, domain: String, metadata: [String: String] = [:]) {
    self.reason = reason
    self.domain = domain
    self.metadata = metadata
  }

  package func encoded() -> [UInt8] {
    var writer = WireWriter(capacity: 128)
    writer.text(1, reason)
    writer.text(2, domain)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      writer.pair(3, key: key, value: value)
    }
    return writer.bytes
  }
}
