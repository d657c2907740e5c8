import ControlAPI
import Engine

/// A request's body after every member was checked against its table.
struct Body: Sendable {
  private var values: [String: FieldValue] = [:]

  /// Reads `json`, an object whose members are all in `fields`. `null` counts as left out.
  init(_ json: JSONValue, _ fields: [Field]) throws(Problem) {
    guard case .object(let members) = json else {
      throw Problem(.invalidField, "the body must be a JSON object, not \(json.kind)")
    }
    let known = Set(fields.map(\.name))
    if let unknown = members.keys.filter({ !known.contains($0) }).min() {
      throw Body.unknown(unknown, known)
    }
    for field in fields {
      if let value = members[field.name], value != .null {
        values[field.name] = try field.read(value)
      } else if field.isRequired {
        throw Problem(
          .missingField,
          "\(field.name) is missing: \(field.summary)",
          field: field.name
        )
      }
    }
  }

  private static func unknown(_ name: String, _ known: Set<String>) -> Problem {
    if TriggerFields.readOnly.contains(name) {
      return Problem(
        .unknownField,
        "\(name) is the server's to set; it cannot be given",
        field: name
      )
    }
    let names = known.sorted().joined(separator: ", ")
    return Problem(
      .unknownField,
      "there is no field \"\(name.shortened)\"; the fields are \(names)",
      field: name.shortened
    )
  }

  func has(_ name: String) -> Bool { values[name] != nil }

  func text(_ name: String) -> String? {
    guard case .text(let value)? = values[name] else { return nil }
    return value
  }

  func bytes(_ name: String) -> [UInt8]? {
    guard case .bytes(let value)? = values[name] else { return nil }
    return value
  }

  func integer(_ name: String) -> Int? {
    guard case .integer(let value)? = values[name] else { return nil }
    return value
  }

  func boolean(_ name: String) -> Bool? {
    guard case .boolean(let value)? = values[name] else { return nil }
    return value
  }

  func duration(_ name: String) -> Duration? {
    guard case .duration(let value)? = values[name] else { return nil }
    return value
  }

  func time(_ name: String) -> Timestamp? {
    guard case .time(let value)? = values[name] else { return nil }
    return value
  }

  func labels(_ name: String) -> [String: String]? {
    guard case .labels(let value)? = values[name] else { return nil }
    return value
  }

  func shardParams(_ name: String) -> [Int: String]? {
    guard case .shardParams(let value)? = values[name] else { return nil }
    return value
  }
}
