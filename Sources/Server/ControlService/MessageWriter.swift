import ControlAPI
import Wire

/// Writes JSON as the message that says the same: the counterpart of `MessageReader`.
///
/// Members that the schema does not know are left out. One that does not fit its field is a fault of
/// the server's, as is the lack of one that the schema requires.
enum MessageWriter {
  static func bytes(of value: JSONValue, as shape: MessageShape) throws(Problem) -> [UInt8] {
    guard case .object(let members) = value else { throw misfit(shape.name) }
    var writer = WireWriter(capacity: 256)
    try write(members, as: shape, into: &writer)
    return writer.bytes
  }

  private static func misfit(_ place: String) -> Problem {
    Problem(.internalError, "the answer does not fit the schema at \(place)")
  }

  private static func write(
    _ members: [String: JSONValue],
    as shape: MessageShape,
    into writer: inout WireWriter
  ) throws(Problem) {
    for field in shape.fields {
      let value = field.isInlined ? .object(members) : members[field.jsonName] ?? .null
      for item in try items(of: value, for: field, in: shape) {
        guard try write(item, to: field, into: &writer) else {
          throw misfit("\(shape.name).\(field.name)")
        }
      }
    }
  }

  /// What is to be written under the number of `field`: once, several times or never.
  private static func items(
    of value: JSONValue,
    for field: MessageShape.Field,
    in shape: MessageShape
  ) throws(Problem) -> [JSONValue] {
    switch (value, field.isRepeated) {
    case (.null, _):
      guard !field.isRequired else { throw misfit("\(shape.name).\(field.name)") }
      return []
    case (.array(let items), true): return items
    case (.object(let pairs), true):
      return pairs.sorted { $0.key < $1.key }
        .map { .object(["key": .string($0.key), "value": $0.value]) }
    case (_, true): throw misfit("\(shape.name).\(field.name)")
    case (_, false): return [value]
    }
  }

  /// - Returns: whether the value fits the field.
  private static func write(
    _ value: JSONValue,
    to field: MessageShape.Field,
    into writer: inout WireWriter
  ) throws(Problem) -> Bool {
    switch (field.kind, value) {
    case (.flag, .bool(let value)): writer.flag(field.number, value)
    case (.signed, .integer(let value)): writer.number(field.number, Int(value))
    case (.unsigned, .integer(let value)) where value >= 0:
      writer.number(field.number, Int(value))
    case (.text, .string(let value)): writer.text(field.number, value)
    case (.bytes, .string(let text)):
      guard let bytes = Base64.decode(text) else { return false }
      writer.data(field.number, bytes)
    case (.message(let inner), .object(let members)):
      try writer.message(field.number) { writer throws(Problem) in
        try write(members, as: inner, into: &writer)
      }
    default: return false
    }
    return true
  }
}
