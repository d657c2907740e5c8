import Engine
import Foundation
import Store

@testable import Server

extension FuzzTarget {
  /// The server's own JSON.
  static let json = FuzzTarget("json", longest: 2_048) { input in
    guard let value = try? JSONParser.parse(input) else { return }
    let again = try? JSONParser.parse(Array(value.written.utf8))
    try demand(again == value, "\(value.written) reads as \(again as Any)")
    let isJSON =
      (try? JSONSerialization.jsonObject(with: Data(input), options: .fragmentsAllowed)) != nil
    try demand(isJSON, "what was taken is no JSON to others")
    _ = value.merged(with: value)
  }

  /// The bodies of all routes: each is read by every table there is.
  static let bodies = FuzzTarget("body", longest: 2_048) { input in
    guard let value = try? JSONParser.parse(input) else { return }
    for fields in tables {
      guard let body = try? Body(value, fields) else { continue }
      try check(body)
    }
  }

  private static let tables = [
    TriggerFields.creation, TriggerFields.replacement, TriggerFields.preview,
    TriggerFields.ownPreview, TriggerFields.fire, TriggerFields.backfill, TaskFields.submission,
    NamespaceFields.creation, NamespaceFields.replacement,
  ]

  private static func check(_ body: Body) throws {
    if let shards = body.integer("shards") {
      try demand((1...TaskTemplate.largestShardCount).contains(shards), "\(shards) shards")
    }
    if let definition = try? TriggerDefinition(body) {
      _ = try? definition.plan(at: Timestamp(seconds: 1_800_000_000), .shared)
    }
    _ = try? TaskTemplate(body, in: "default")
  }
}

extension JSONValue {
  /// The value as a text, without blanks.
  var written: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let text): text.quoted
    case .array(let items): "[\(items.map(\.written).joined(separator: ","))]"
    case .object(let members):
      "{\(members.map { "\($0.quoted):\($1.written)" }.joined(separator: ","))}"
    }
  }
}

extension String {
  /// As JSON has it, with every character escaped that may be.
  fileprivate var quoted: String {
    let units = utf16.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
    return "\"\(units.joined())\""
  }
}
