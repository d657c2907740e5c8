/// Finds out what the JSON of a `Decodable` type looks like, by watching the type read itself.
///
/// What the document says about an answer is therefore what a client's decoder asks for.
struct SchemaRegistry {
  /// By the name of the type.
  private(set) var schemas: [String: JSONValue] = [:]

  /// A reference to the schema of `type`, which is added unless it is there.
  mutating func reference(to type: any Decodable.Type) -> JSONValue {
    if let simple = simple(type) { return simple }
    let name = "\(type)".replacing("<", with: "Of").replacing(">", with: "")
    if schemas[name] == nil {
      schemas[name] = .object([:])  // Ends a recursion of types.
      schemas[name] = object(type)
    }
    return ["$ref": .string("#/components/schemas/\(name)")]
  }

  private mutating func simple(_ type: any Decodable.Type) -> JSONValue? {
    if type == String.self { return ["type": "string"] }
    if type == Bool.self { return ["type": "boolean"] }
    if let type = type as? any FixedWidthInteger.Type {
      return type.isSigned ? ["type": "integer"] : ["type": "integer", "minimum": 0]
    }
    if let type = type as? any ElementTyped.Type {
      return type.schema(ofElements: reference(to: type.elementType))
    }
    guard let type = type as? any (CaseIterable & RawRepresentable).Type else { return nil }
    let names = type.caseNames.map(JSONValue.string)
    return ["type": "string", "enum": .array(names)]
  }

  private mutating func object(_ type: any Decodable.Type) -> JSONValue {
    let trace = MemberTrace()
    _ = try? type.init(from: TracingDecoder(trace: trace))
    var properties: [String: JSONValue] = [:]
    for member in trace.members { properties[member.name] = reference(to: member.type) }
    let required = trace.members.filter(\.isRequired).map { JSONValue.string($0.name) }
    var schema: [String: JSONValue] = ["type": "object", "properties": .object(properties)]
    if !required.isEmpty { schema["required"] = .array(required) }
    return .object(schema)
  }
}

/// A type whose JSON consists of others of one kind.
private protocol ElementTyped {
  static var elementType: any Decodable.Type { get }
  static func schema(ofElements schema: JSONValue) -> JSONValue
}

extension Array: ElementTyped where Element: Decodable {
  fileprivate static var elementType: any Decodable.Type { Element.self }
  fileprivate static func schema(ofElements schema: JSONValue) -> JSONValue {
    ["type": "array", "items": schema]
  }
}

extension Dictionary: ElementTyped where Key == String, Value: Decodable {
  fileprivate static var elementType: any Decodable.Type { Value.self }
  fileprivate static func schema(ofElements schema: JSONValue) -> JSONValue {
    ["type": "object", "additionalProperties": schema]
  }
}

extension CaseIterable where Self: RawRepresentable {
  fileprivate static var caseNames: [String] { allCases.map { "\($0.rawValue)" } }
}
