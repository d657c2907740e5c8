/// Why a text is not the time or the duration it should be.
package struct TimeTextError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong and what was expected, for the person who wrote the text.
  package let message: String
  /// The UTF-8 offset into the text where it went wrong.
  package let position: Int

  package var description: String { "\(message) (at position \(position + 1))" }
}

/// Reads a short text byte by byte, and remembers where it is.
struct TextScanner {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  var isAtEnd: Bool { position == bytes.count }

  /// The next byte, or `nil` at the end.
  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Steps over one byte, whatever it is.
  mutating func advance() {
    position = min(position + 1, bytes.count)
  }

  /// Steps over the next byte if it is `character`, in either case.
  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard let next, lowercased(next) == lowercased(UInt8(ascii: character)) else { return false }
    position += 1
    return true
  }

  /// The digits that follow, as many as there are up to `limit`.
  mutating func digits(atMost limit: Int) -> ArraySlice<UInt8> {
    let start = position
    while let next, isDigit(next), position - start < limit { position += 1 }
    return bytes[start..<position]
  }

  /// The ASCII letters that follow.
  mutating func letters() -> String {
    let start = position
    while let next, isLetter(next) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// The number of exactly `count` digits that follows, or `nil` and no movement.
  mutating func number(ofDigits count: Int) -> Int64? {
    let start = position
    let digits = digits(atMost: count)
    guard digits.count == count else {
      position = start
      return nil
    }
    return decimalValue(digits)
  }
}

func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

func isLetter(_ byte: UInt8) -> Bool { lowercased(byte) &- UInt8(ascii: "a") < 26 }

func lowercased(_ byte: UInt8) -> UInt8 {
  byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
}

/// The value of ASCII digits, saturated far above anything a schedule may name.
func decimalValue(_ digits: some Sequence<UInt8>) -> Int64 {
  digits.reduce(0) { min($0 * 10 + Int64($1 &- UInt8(ascii: "0")), 1_000_000_000_000_000) }
}
