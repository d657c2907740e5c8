/// What a scalar means by the core schema of YAML 1.2.2, section 10.3.2.
enum YAMLScalar {
  /// The value of a plain scalar; `nil` for an integer beyond 64 bits.
  static func resolve(_ text: String) -> YAMLValue.Content? {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    // Only these can start a number, and most scalars do not.
    guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first) else {
      return .string(text)
    }
    if let special = specialNumber(text) { return .double(special) }
    return number(text)
  }

  private static func specialNumber(_ text: String) -> Double? {
    switch text {
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": .infinity
    case "-.inf", "-.Inf", "-.INF": -.infinity
    case ".nan", ".NaN", ".NAN": .nan
    default: nil
    }
  }

  private static func number(_ text: String) -> YAMLValue.Content? {
    if let (digits, radix) = prefixed(text) { return Int(digits, radix: radix).map { .int($0) } }
    switch shape(of: text) {
    case .integer: return Int(text).map { .int($0) }
    case .fraction: return Double(text).map { .double($0) } ?? .string(text)
    case nil: return .string(text)
    }
  }

  /// The digits after `0o` or `0x`, when nothing else follows.
  private static func prefixed(_ text: String) -> (digits: Substring, radix: Int)? {
    let digits = text.dropFirst(2)
    guard !digits.isEmpty else { return nil }
    if text.hasPrefix("0o"), digits.utf8.allSatisfy({ (0x30...0x37).contains($0) }) {
      return (digits, 8)
    }
    if text.hasPrefix("0x"), digits.utf8.allSatisfy({ isHexadecimal($0) }) { return (digits, 16) }
    return nil
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }

  private enum Shape {
    case integer
    case fraction
  }

  /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
  private static func shape(of text: String) -> Shape? {
    var rest = text.utf8[...]
    skipSign(&rest)
    let whole = skipDigits(&rest)
    let hasPoint = rest.first == UInt8(ascii: ".")
    if hasPoint { rest.removeFirst() }
    let fraction = hasPoint ? skipDigits(&rest) : 0
    guard whole > 0 || fraction > 0 else { return nil }
    if rest.isEmpty { return hasPoint ? .fraction : .integer }
    guard let letter = rest.popFirst(), letter | 0x20 == UInt8(ascii: "e") else { return nil }
    skipSign(&rest)
    return skipDigits(&rest) > 0 && rest.isEmpty ? .fraction : nil
  }

  private static func skipSign(_ rest: inout Substring.UTF8View) {
    if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
  }

  private static func skipDigits(_ rest: inout Substring.UTF8View) -> Int {
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    rest = rest[digits.endIndex...]
    return digits.count
  }
}
