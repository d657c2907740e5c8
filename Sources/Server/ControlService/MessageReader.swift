import ControlAPI
import Wire

/// Reads messages as the JSON that says the same.
///
/// Names become camelCase, lists of pairs become objects, bytes become base64. What is absent stays
/// absent; fields that the schema does not know are passed over.
struct MessageReader {
  /// The most items of one list.
  static let mostItems = 1_024

  private let shape: MessageShape
  private var reader: WireReader

  private init(_ shape: MessageShape, _ reader: WireReader) {
    self.shape = shape
    self.reader = reader
  }

  /// The members of the message that `bytes` are.
  static func members(
    of bytes: [UInt8],
    as shape: MessageShape
  ) throws(Problem) -> [String: JSONValue] {
    var members: [String: JSONValue] = [:]
    var reader = MessageReader(shape, WireReader(bytes))
    try reader.read(into: &members)
    return members
  }

  private mutating func read(into members: inout [String: JSONValue]) throws(Problem) {
    while let (field, value) = try next() {
      switch (field.kind, value) {
      case (.message(let inner), .content(let range)):
        var content = MessageReader(inner, WireReader(reader.bytes, in: range))
        if field.isInlined {
          try content.read(into: &members)
        } else if field.isRepeated {
          try content.readItem(of: field, into: &members)
        } else {
          try content.readWhole(field, into: &members)
        }
      default:
        let value = try scalar(field, value)
        if field.isRepeated {
          try append(value, to: field, in: &members)
        } else {
          members[field.jsonName] = value
        }
      }
    }
  }

  private mutating func next() throws(Problem) -> (MessageShape.Field, WireReader.Value)? {
    do throws(WireReader.Malformed) {
      while let found = try reader.next() {
        if let field = shape.field(found.number) { return (field, found.value) }
      }
      return nil
    } catch {
      throw Problem(.malformedRequest, "\(shape.name) is malformed")
    }
  }

  /// A message that occurs again adds to the first.
  private mutating func readWhole(
    _ field: MessageShape.Field,
    into members: inout [String: JSONValue]
  ) throws(Problem) {
    var content: [String: JSONValue] = [:]
    if case .object(let first)? = members.removeValue(forKey: field.jsonName) { content = first }
    try read(into: &content)
    members[field.jsonName] = .object(content)
  }

  private mutating func readItem(
    of field: MessageShape.Field,
    into members: inout [String: JSONValue]
  ) throws(Problem) {
    var content: [String: JSONValue] = [:]
    try read(into: &content)
    guard shape.isPair else { return try append(.object(content), to: field, in: &members) }
    guard case .string(let key)? = content["key"], let value = content["value"] else {
      throw Problem(.invalidField, "\(field.name): a pair has a key and a value", field: field.name)
    }
    var pairs: [String: JSONValue] = [:]
    if case .object(let others)? = members.removeValue(forKey: field.jsonName) { pairs = others }
    try bound(pairs.count, of: field)
    guard pairs.updateValue(value, forKey: key) == nil else {
      let place = "\(field.name).\(key.shortened)"
      throw Problem(.invalidField, "\(place) is given twice", field: place)
    }
    members[field.jsonName] = .object(pairs)
  }

  private func append(
    _ item: JSONValue,
    to field: MessageShape.Field,
    in members: inout [String: JSONValue]
  ) throws(Problem) {
    var items: [JSONValue] = []
    // Taken out, so that the list has one owner and is not copied.
    if case .array(let others)? = members.removeValue(forKey: field.jsonName) { items = others }
    try bound(items.count, of: field)
    items.append(item)
    members[field.jsonName] = .array(items)
  }

  private func bound(_ count: Int, of field: MessageShape.Field) throws(Problem) {
    guard count < Self.mostItems else {
      throw Problem(
        .invalidField,
        "\(field.name) has at most \(Self.mostItems) items",
        field: field.name
      )
    }
  }

  private func scalar(
    _ field: MessageShape.Field,
    _ value: WireReader.Value
  ) throws(Problem) -> JSONValue {
    switch (field.kind, value) {
    case (.flag, .number(let number)):
      return .bool(number != 0)
    case (.signed, .number(let number)):
      return .integer(Int64(bitPattern: number))
    case (.unsigned, .number(let number)):
      return .integer(Int64(clamping: number))
    case (.text, .content(let range)):
      guard let text = String(validating: reader.bytes[range], as: UTF8.self) else {
        throw Problem(.malformedRequest, "\(field.name) is not UTF-8", field: field.name)
      }
      return .string(text)
    case (.bytes, .content(let range)):
      return .string(Base64.encode(Array(reader.bytes[range])))
    default:
      throw Problem(
        .malformedRequest,
        "\(shape.name).\(field.name) is not what the schema says",
        field: field.name
      )
    }
  }
}

extension MessageShape.Field {
  /// Whether the members of the message stand side by side with those around it, as they do in JSON.
  var isInlined: Bool { name == "spec" }
}
