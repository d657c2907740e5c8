import ControlAPI
import Store
import Wire

/// A `SubmitTaskRequest` or a `SubmitTasksRequest`, whose fields have the same numbers.
struct SubmitRequest {
  /// The most tasks of one request.
  static let mostTasks = 10_000

  let bytes: [UInt8]
  private(set) var namespace = Controller.defaultNamespace
  /// Where each `TaskSpec` stands.
  private(set) var tasks: [Range<Int>] = []
  private(set) var idempotency: IdempotencyKey?

  init(_ bytes: [UInt8], of method: String) throws(Problem) {
    self.bytes = bytes
    var reader = WireReader(bytes)
    while let field = try next(&reader, of: method) {
      switch (field.number, field.value) {
      case (1, .content(let range)):
        let name = try text(range, "namespace")
        namespace = name.isEmpty ? Controller.defaultNamespace : name
      case (2, .content(let range)):
        guard tasks.count < Self.mostTasks else {
          throw Problem(
            .invalidField,
            "tasks has at most \(Self.mostTasks) items",
            field: "tasks"
          )
        }
        tasks.append(range)
      case (3, .content(let range)):
        let key = JSONValue.string(try text(range, "idempotency_key"))
        idempotency = try IdempotencyKey(key, bytes, of: method)
      case (1...3, _): throw malformed(method)
      default: break
      }
    }
  }

  private func next(
    _ reader: inout WireReader,
    of method: String
  ) throws(Problem) -> WireReader.Field? {
    do throws(WireReader.Malformed) {
      return try reader.next()
    } catch {
      throw malformed(method)
    }
  }

  private func malformed(_ method: String) -> Problem {
    Problem(.malformedRequest, "\(method)Request is malformed")
  }

  private func text(_ range: Range<Int>, _ field: String) throws(Problem) -> String {
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw Problem(.malformedRequest, "\(field) is not UTF-8", field: field)
    }
    return text
  }
}
