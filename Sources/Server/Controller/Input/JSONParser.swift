/// Where and why a text is not JSON.
package struct JSONSyntaxError: Error, Sendable, Hashable {
  /// Both count from 1; the column counts bytes.
  package let line: Int
  package let column: Int
  package let message: String
}

/// Reads JSON (RFC 8259): strictly, within bounds, and refusing a name that occurs twice.
package struct JSONParser {
  /// How deep arrays and objects may be nested.
  package static let depth = 64

  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The one value that `bytes` hold.
  package static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
    var parser = JSONParser(bytes)
    if let bad = bytes.firstInvalidUTF8 {
      parser.position = bad
      throw parser.error("the text is not UTF-8")
    }
    parser.skipBlanks()
    let value = try parser.value()
    parser.skipBlanks()
    guard parser.position == bytes.count else {
      throw parser.error("nothing may follow the value")
    }
    return value
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func error(_ message: String) -> JSONSyntaxError {
    let before = bytes[..<min(position, bytes.count)]
    let lineStart = (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
    return JSONSyntaxError(
      line: before.count { $0 == UInt8(ascii: "\n") } + 1,
      column: before.count - lineStart + 1,
      message: message
    )
  }

  private mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value() throws(JSONSyntaxError) -> JSONValue {
    switch next {
    case UInt8(ascii: "{"):
      return try nested { parser throws(JSONSyntaxError) in try parser.object() }
    case UInt8(ascii: "["):
      return try nested { parser throws(JSONSyntaxError) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case let byte? where byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10:
      return try number()
    case nil: throw error("the text ends where a value is expected")
    default: throw error("a value is expected here")
    }
  }

  private mutating func word(
    _ word: String,
    _ value: JSONValue
  ) throws(JSONSyntaxError) -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else {
      throw error("\(word) is expected here")
    }
    position += word.utf8.count
    return value
  }

  // MARK: Collections

  private mutating func nested(
    _ read: (inout JSONParser) throws(JSONSyntaxError) -> JSONValue
  ) throws(JSONSyntaxError) -> JSONValue {
    guard depth < JSONParser.depth else {
      throw error("values are nested more than \(JSONParser.depth) deep")
    }
    depth += 1
    position += 1
    defer { depth -= 1 }
    skipBlanks()
    return try read(&self)
  }

  private mutating func object() throws(JSONSyntaxError) -> JSONValue {
    var members: [String: JSONValue] = [:]
    if skip("}") { return .object(members) }
    repeat {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw error("a name in quotes is expected here") }
      let start = position
      let name = try string()
      skipBlanks()
      guard skip(":") else { throw error("a colon is expected after the name") }
      skipBlanks()
      guard members.updateValue(try value(), forKey: name) == nil else {
        position = start
        throw error("the name \"\(name.shortened)\" occurs twice")
      }
      skipBlanks()
    } while skip(",")
    guard skip("}") else { throw error("a comma or } is expected here") }
    return .object(members)
  }

  private mutating func array() throws(JSONSyntaxError) -> JSONValue {
    var elements: [JSONValue] = []
    if skip("]") { return .array(elements) }
    repeat {
      skipBlanks()
      elements.append(try value())
      skipBlanks()
    } while skip(",")
    guard skip("]") else { throw error("a comma or ] is expected here") }
    return .array(elements)
  }

  // MARK: Numbers and strings

  private mutating func number() throws(JSONSyntaxError) -> JSONValue {
    let start = position
    _ = skip("-")
    let whole = digits()
    guard whole > 0, whole == 1 || bytes[position - whole] != UInt8(ascii: "0") else {
      throw error("a number has no leading zeros")
    }
    var isWhole = true
    if skip(".") {
      isWhole = false
      guard digits() > 0 else { throw error("a digit is expected after the point") }
    }
    if next.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
      isWhole = false
      position += 1
      if !skip("-") { _ = skip("+") }
      guard digits() > 0 else { throw error("a digit is expected in the exponent") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let integer = Int64(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else { throw error("the number is too large") }
    return .number(number)
  }

  private mutating func digits() -> Int {
    let start = position
    while let byte = next, byte &- UInt8(ascii: "0") < 10 { position += 1 }
    return position - start
  }

  private mutating func string() throws(JSONSyntaxError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &text)
      case ..<0x20:
        throw error("a control character in a string is written with a backslash")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw error("the string does not end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
    guard let byte = next else { throw error("the string does not end") }
    if byte == UInt8(ascii: "u") { return try unicodeEscape(into: &text) }
    let meanings: [UInt8: UInt8] = [
      UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
      UInt8(ascii: "/"): UInt8(ascii: "/"), UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C,
      UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]
    guard let meaning = meanings[byte] else { throw error("there is no such escape") }
    text.append(meaning)
    position += 1
  }

  private mutating func unicodeEscape(into text: inout [UInt8]) throws(JSONSyntaxError) {
    let first = try codeUnit()
    var scalar = UInt32(first)
    if (0xD800..<0xDC00).contains(scalar) {
      guard skip("\\"), next == UInt8(ascii: "u") else {
        throw error("a high surrogate is followed by a low one")
      }
      let second = UInt32(try codeUnit())
      guard (0xDC00..<0xE000).contains(second) else {
        throw error("a high surrogate is followed by a low one")
      }
      scalar = 0x10000 + (scalar - 0xD800) << 10 + (second - 0xDC00)
    }
    guard let character = Unicode.Scalar(scalar) else {
      throw error("a low surrogate follows a high one")
    }
    text.append(contentsOf: String(character).utf8)
  }

  /// Reads `uXXXX`.
  private mutating func codeUnit() throws(JSONSyntaxError) -> UInt16 {
    position += 1
    let digits = bytes[position...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw error("four hexadecimal digits are expected") }
    position += 4
    return unit
  }
}

extension [UInt8] {
  /// Where the first byte stands that is no part of UTF-8, if there is one.
  fileprivate var firstInvalidUTF8: Int? {
    guard String(validating: self, as: UTF8.self) == nil else { return nil }
    var low = 0
    var position = 0
    var decoder = UTF8()
    var bytes = makeIterator()
    while true {
      switch decoder.decode(&bytes) {
      case .scalarValue(let scalar):
        low = position
        position = low + UTF8.width(scalar)
      case .emptyInput, .error: return position
      }
    }
  }
}
