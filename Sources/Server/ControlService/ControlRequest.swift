import ControlAPI
import PlatformCrypto
import Store
import Wire

/// A request of the control service, with what REST has in the path, the query and the headers set
/// apart from the body.
struct ControlRequest: Sendable {
  /// The members that no body has.
  private static let apart: Set<String> = [
    "namespace", "id", "revision", "idempotencyKey", "limit", "cursor", "clear",
  ]

  private let members: [String: JSONValue]
  let conditions: RequestConditions

  init(_ bytes: [UInt8], of method: ServiceShape.Method) throws(Problem) {
    members = try MessageReader.members(of: bytes, as: method.request)
    conditions = RequestConditions(
      idempotency: try IdempotencyKey(members["idempotencyKey"], bytes, of: method.name),
      revision: ControlRequest.revision(members["revision"])
    )
  }

  private static func revision(_ value: JSONValue?) -> RevisionMatch {
    guard case .integer(let revision)? = value else { return .none }
    return .oneOf([revision])
  }

  /// A text that is there and not empty.
  func text(_ member: String) -> String? {
    guard case .string(let text)? = members[member], !text.isEmpty else { return nil }
    return text
  }

  private func required(_ member: String) throws(Problem) -> String {
    guard let text = text(member) else {
      throw Problem(.missingField, "\(member) is missing", field: member)
    }
    return text
  }

  var namespace: String { text("namespace") ?? Controller.defaultNamespace }

  /// What the request is about.
  var name: String {
    get throws(Problem) { try required("name") }
  }

  /// The task that the request is about.
  var id: String {
    get throws(Problem) { try required("id") }
  }

  var paging: Paging {
    var paging = Paging(cursor: text("cursor"))
    if case .integer(let limit)? = members["limit"] { paging.limit = Int(limit) }
    return paging
  }

  /// The body, in which a new thing has its name.
  var creation: JSONValue {
    .object(members.filter { !Self.apart.contains($0.key) })
  }

  /// The body where the name is in the path.
  var body: JSONValue {
    .object(members.filter { !Self.apart.contains($0.key) && $0.key != "name" })
  }

  /// The body as a merge patch, in which `null` stands for what goes back to its default.
  var patch: JSONValue {
    guard case .object(var patch) = body, case .array(let names)? = members["clear"] else {
      return body
    }
    for case .string(let name) in names where patch[name.camelCased] == nil {
      patch[name.camelCased] = .null
    }
    return .object(patch)
  }
}

extension IdempotencyKey {
  /// The key that a request of `bytes` carries, if it does.
  init?(_ value: JSONValue?, _ bytes: [UInt8], of method: String) throws(Problem) {
    guard case .string(let key)? = value else { return nil }
    guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
    else {
      throw Problem(
        .invalidField,
        "idempotency_key must be 1 to 255 printable ASCII characters, not \"\(key.shortened)\"",
        field: "idempotency_key"
      )
    }
    var hash = SHA256()
    hash.update(Array("gRPC \(method)\n".utf8))
    hash.update(bytes)
    self.init(key: key, body: hash.finalize())
  }
}
