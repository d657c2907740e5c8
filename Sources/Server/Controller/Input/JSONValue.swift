/// A JSON text as it was sent, before anybody says what it should be.
package enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// A number with a fraction or an exponent, or one beyond 64 bits.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// What it is, for a message that says what was expected instead.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let text): "\"\(text.shortened)\""
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// This value after a merge patch (RFC 7396).
  package func merged(with patch: JSONValue) -> JSONValue {
    guard case .object(let changes) = patch else { return patch }
    var members: [String: JSONValue] = [:]
    if case .object(let own) = self { members = own }
    for (name, change) in changes {
      if change == .null {
        members[name] = nil
      } else {
        members[name] = (members[name] ?? .null).merged(with: change)
      }
    }
    return .object(members)
  }
}

extension String {
  /// At most 60 characters, without control characters, for a message that quotes what was sent.
  var shortened: String {
    let shown = String(prefix(60).map { $0.isNewline || $0 < " " ? "\u{FFFD}" : $0 })
    return count > 60 ? shown + "…" : shown
  }
}
