/// One value of a document, with its place in the text.
package struct YAMLValue: Sendable {
  package enum Content: Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case sequence([YAMLValue])
    case mapping(YAMLMapping)
  }

  package let content: Content
  /// Where the value starts, counted from 1.
  package let line: Int
  /// Where the value starts, in characters counted from 1.
  package let column: Int

  let keyPath: YAMLPath
  /// A scalar as it was written, without quotes; `nil` for collections.
  let source: String?
  /// How many values it is made of when every alias is written out, itself included.
  let weight: Int
  /// How many collections are nested in it, itself included.
  let height: Int
}

extension YAMLValue {
  /// Where the value is, such as `jobConfig.handlers[2]`. An alias is where its anchor is.
  package var path: String { keyPath.description }

  package var isNull: Bool {
    if case .null = content { true } else { false }
  }

  /// The value of a key; `nil` when there is no such key, and when this is no mapping.
  package subscript(key: String) -> YAMLValue? {
    guard case .mapping(let mapping) = content else { return nil }
    return mapping[key]
  }

  /// The value at a position counted from 0; `nil` beyond the end, and when this is no sequence.
  package subscript(index: Int) -> YAMLValue? {
    guard case .sequence(let values) = content, values.indices.contains(index) else { return nil }
    return values[index]
  }

  /// An error about this value.
  package func error(_ message: String) -> YAMLError {
    YAMLError(path: path, line: line, column: column, message: message)
  }
}

/// Each asks for one type, and throws naming the path, the place, and what was found instead.
extension YAMLValue {
  package var bool: Bool {
    get throws(YAMLError) {
      guard case .bool(let value) = content else { throw unexpected("true or false") }
      return value
    }
  }

  package var int: Int {
    get throws(YAMLError) {
      guard case .int(let value) = content else { throw unexpected("an integer") }
      return value
    }
  }

  /// A number with or without a fraction.
  package var double: Double {
    get throws(YAMLError) {
      switch content {
      case .int(let value): return Double(value)
      case .double(let value): return value
      default: throw unexpected("a number")
      }
    }
  }

  package var string: String {
    get throws(YAMLError) {
      guard case .string(let value) = content else { throw unexpected("a string") }
      return value
    }
  }

  /// Any scalar but null, as it was written: `8080`, `1.10` and `yes` alike.
  package var scalarText: String {
    get throws(YAMLError) {
      guard let source, !isNull else { throw unexpected("a single value") }
      return source
    }
  }

  package var sequence: [YAMLValue] {
    get throws(YAMLError) {
      guard case .sequence(let values) = content else { throw unexpected("a list") }
      return values
    }
  }

  package var mapping: YAMLMapping {
    get throws(YAMLError) {
      guard case .mapping(let mapping) = content else { throw unexpected("a mapping") }
      return mapping
    }
  }

  func unexpected(_ expectation: String) -> YAMLError {
    error("expected \(expectation), found \(kind)")
  }

  private var kind: String {
    switch content {
    case .null: "nothing"
    case .bool, .int, .double: source.map { $0.shortened } ?? "a number"
    case .string(let text): "“\(text.shortened)”"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}
