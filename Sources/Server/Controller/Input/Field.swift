import ControlAPI
import Engine

/// One member of a request's body: what it may hold, and what it means.
///
/// The same table reads the body and describes it to those who ask for `/openapi.json`.
package struct Field: Sendable {
  package let name: String
  package let kind: Kind
  package let summary: String
  package let isRequired: Bool

  package init(_ name: String, _ kind: Kind, _ summary: String, required: Bool = false) {
    self.name = name
    self.kind = kind
    self.summary = summary
    self.isRequired = required
  }

  package enum Kind: Sendable {
    /// Letters, digits, `.`, `_` and `-`, beginning with a letter or a digit.
    case name
    /// Any text of at most so many bytes.
    case text(most: Int)
    case base64(most: Int)
    case integer(ClosedRange<Int>)
    case boolean
    /// Written `1m30s`; `zero` says that 0 is allowed whatever the range.
    case duration(ClosedRange<Duration>, zero: Bool)
    /// RFC 3339 with an offset.
    case time
    case choice([String])
    case labels
    /// Texts by index.
    case shardParams
  }

  package static let longestName = 128
  package static let mostLabels = 32
  package static let longestLabelKey = 63
  package static let longestLabelValue = 256
  package static let largestPayload = 1 << 20
}

/// What a field held, after every check.
enum FieldValue: Sendable {
  case text(String)
  case bytes([UInt8])
  case integer(Int)
  case boolean(Bool)
  case duration(Duration)
  case time(Timestamp)
  case labels([String: String])
  case shardParams([Int: String])
}

extension Field {
  /// Reads `value`, or says what was expected instead.
  func read(_ value: JSONValue) throws(Problem) -> FieldValue {
    switch kind {
    case .name: return .text(try Field.name(try string(value), of: name))
    case .text(let most): return .text(try bounded(try string(value), most))
    case .base64(let most): return .bytes(try base64(value, most))
    case .integer(let range): return .integer(try integer(value, range))
    case .boolean:
      guard case .bool(let flag) = value else { throw invalid(value, "true or false") }
      return .boolean(flag)
    case .duration(let range, let zero): return .duration(try duration(value, range, zero))
    case .time: return .time(try Field.time(try string(value), of: name))
    case .choice(let choices):
      guard case .string(let choice) = value, choices.contains(choice) else {
        throw invalid(value, "one of \(choices.joined(separator: ", "))")
      }
      return .text(choice)
    case .labels: return .labels(try labels(value))
    case .shardParams: return .shardParams(try shardParams(value))
    }
  }

  func invalid(_ value: JSONValue, _ expected: String) -> Problem {
    Problem(.invalidField, "\(name) must be \(expected), not \(value.kind)", field: name)
  }

  private func string(_ value: JSONValue) throws(Problem) -> String {
    guard case .string(let text) = value else { throw invalid(value, "a string") }
    return text
  }

  private func bounded(_ text: String, _ most: Int) throws(Problem) -> String {
    guard text.utf8.count <= most else {
      throw Problem(
        .invalidField,
        "\(name) has at most \(most) bytes, not \(text.utf8.count)",
        field: name
      )
    }
    return text
  }

  private func base64(_ value: JSONValue, _ most: Int) throws(Problem) -> [UInt8] {
    guard let bytes = Base64.decode(try string(value)) else { throw invalid(value, "base64") }
    guard bytes.count <= most else {
      throw Problem(
        .invalidField,
        "\(name) holds at most \(most) bytes, not \(bytes.count)",
        field: name
      )
    }
    return bytes
  }

  private func integer(
    _ value: JSONValue,
    _ range: ClosedRange<Int>
  ) throws(Problem) -> Int {
    guard case .integer(let number) = value, range.contains(Int(number)) else {
      throw invalid(value, "an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return Int(number)
  }

  private func duration(
    _ value: JSONValue,
    _ range: ClosedRange<Duration>,
    _ zero: Bool
  ) throws(Problem) -> Duration {
    guard case .string(let text) = value else {
      throw invalid(value, "a duration in quotes, such as \"1m30s\"")
    }
    let duration: Duration
    do throws(TimeTextError) {
      duration = try Duration(parsing: text)
    } catch {
      throw Problem(
        .invalidField,
        "\(name) must be a duration such as 1m30s, not \"\(text.shortened)\": \(error)",
        field: name
      )
    }
    guard range.contains(duration) || zero && duration == .zero else {
      let bounds = "from \(range.lowerBound.text) to \(range.upperBound.text)"
      throw invalid(value, "a duration \(bounds)\(zero ? ", or 0 for no limit" : "")")
    }
    return duration
  }

  /// A name, or the problem with it; `field` is what the message blames.
  static func name(_ text: String, of field: String) throws(Problem) -> String {
    let bytes = text.utf8
    guard (1...longestName).contains(bytes.count), let first = bytes.first, first.isAlphanumeric,
      bytes.allSatisfy({ $0.isAlphanumeric || "._-".utf8.contains($0) })
    else {
      throw Problem(
        .invalidField,
        "\(field) must be 1 to \(longestName) letters, digits, '.', '_' or '-', beginning with a "
          + "letter or a digit, not \"\(text.shortened)\"",
        field: field
      )
    }
    return text
  }

  static func time(_ text: String, of field: String) throws(Problem) -> Timestamp {
    do throws(TimeTextError) {
      return try Timestamp(parsing: text)
    } catch {
      throw Problem(
        .invalidField,
        "\(field) must be a time such as 2026-12-24T18:00:00Z, not \"\(text.shortened)\": \(error)",
        field: field
      )
    }
  }
}

// Texts by key.
extension Field {
  private func labels(_ value: JSONValue) throws(Problem) -> [String: String] {
    guard case .object(let members) = value else { throw invalid(value, "an object of strings") }
    guard members.count <= Field.mostLabels else {
      throw Problem(
        .invalidField,
        "\(name) has at most \(Field.mostLabels) pairs, not \(members.count)",
        field: name
      )
    }
    var pairs: [String: String] = [:]
    for (key, value) in members {
      let place = "\(name).\(key.shortened)"
      guard key.isLabelKey else {
        throw Problem(
          .invalidField,
          "\(place): a label's key is 1 to \(Field.longestLabelKey) letters, digits, '.', '_', '-' "
            + "or '/', beginning with a letter or a digit",
          field: place
        )
      }
      guard case .string(let text) = value, text.utf8.count <= Field.longestLabelValue,
        text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
      else {
        throw Problem(
          .invalidField,
          "\(place) must be a string of at most \(Field.longestLabelValue) bytes without control "
            + "characters, not \(value.kind)",
          field: place
        )
      }
      pairs[key] = text
    }
    return pairs
  }

  private func shardParams(_ value: JSONValue) throws(Problem) -> [Int: String] {
    guard case .object(let members) = value else { throw invalid(value, "an object of strings") }
    var params: [Int: String] = [:]
    var size = 0
    for (key, value) in members {
      let place = "\(name).\(key.shortened)"
      guard let index = Int(key), String(index) == key,
        (0..<TaskTemplate.largestShardCount).contains(index)
      else {
        throw Problem(
          .invalidField,
          "\(place): a shard is named by its index, from 0 to \(TaskTemplate.largestShardCount - 1)",
          field: place
        )
      }
      guard case .string(let text) = value else {
        throw Problem(.invalidField, "\(place) must be a string, not \(value.kind)", field: place)
      }
      size += text.utf8.count
      params[index] = text
    }
    guard size <= Field.largestPayload else {
      throw Problem(
        .invalidField,
        "\(name) has at most \(Field.largestPayload) bytes together, not \(size)",
        field: name
      )
    }
    return params
  }
}

extension UInt8 {
  fileprivate var isAlphanumeric: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}

extension String {
  fileprivate var isLabelKey: Bool {
    guard (1...Field.longestLabelKey).contains(utf8.count), let first = utf8.first else {
      return false
    }
    return first.isAlphanumeric
      && utf8.allSatisfy { $0.isAlphanumeric || "._-/".utf8.contains($0) }
  }
}
