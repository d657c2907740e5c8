internal import CSodium

extension [UInt8] {
  /// Whether both have the same bytes, in a time that tells only whether their lengths differ.
  package func equalsInConstantTime(_ other: [UInt8]) -> Bool {
    guard count == other.count else { return false }
    Sodium.ready
    return unsafe sodium_memcmp(self, other, count) == 0
  }

  /// Two lowercase digits a byte.
  package var hex: String {
    let digits = flatMap { byte in [Self.digit(byte >> 4), Self.digit(byte & 0xf)] }
    return String(decoding: digits, as: UTF8.self)
  }

  /// The bytes that `hex` writes out, in either case; `nil` when it is anything but pairs of digits.
  package init?(hex: some StringProtocol) {
    let digits = hex.utf8
    guard digits.count.isMultiple(of: 2) else { return nil }
    self = []
    reserveCapacity(digits.count / 2)
    var high: UInt8?
    for digit in digits {
      guard let value = Self.value(of: digit) else { return nil }
      if let first = high { append(first << 4 | value) }
      high = high == nil ? value : nil
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
