/// The rules for names in the Prometheus data model.
enum MetricName {
  /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
  static func isMetric(_ name: String) -> Bool {
    isWord(name) { $0 == UInt8(ascii: ":") }
  }

  /// `[a-zA-Z_][a-zA-Z0-9_]*`, apart from names Prometheus keeps for itself.
  static func isLabel(_ name: String) -> Bool {
    isWord(name) { _ in false } && !name.hasPrefix("__") && name != "le" && name != "quantile"
  }

  private static func isWord(_ name: String, orElse isAllowed: (UInt8) -> Bool) -> Bool {
    guard let first = name.utf8.first, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { byte in
      isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") || isAllowed(byte)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}
