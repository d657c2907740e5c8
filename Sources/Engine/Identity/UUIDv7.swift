/// A 128-bit identifier that sorts by the time it was made (RFC 9562, 5.7).
package struct UUIDv7: Sendable, Hashable, Comparable {
  package let high: UInt64
  package let low: UInt64

  /// The identifier with these bits, first byte highest.
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A new identifier for the millisecond of `time`; `random` fills the other 74 bits.
  package init(at time: Timestamp, random: (UInt64, UInt64)) {
    let milliseconds = UInt64(clamping: time.microseconds / 1_000)
    high = milliseconds << 16 | 0x7000 | random.0 & 0x0FFF
    low = 0x8000_0000_0000_0000 | random.1 & 0x3FFF_FFFF_FFFF_FFFF
  }

  /// The identifier with this ordinal; `random` fills the last 62 bits.
  package init(ordinal: Int64, random: UInt64) {
    let ordinal = UInt64(clamping: ordinal)
    high = (ordinal >> 12) << 16 | 0x7000 | ordinal & 0x0FFF
    low = 0x8000_0000_0000_0000 | random & 0x3FFF_FFFF_FFFF_FFFF
  }

  /// The 60 bits in front that are no constants: milliseconds since 1970, and twelve bits more.
  ///
  /// Whoever makes identifiers by counting these up makes no two alike, and each sorts behind the
  /// one before (RFC 9562, 6.2, method 1).
  package var ordinal: Int64 {
    Int64(clamping: (high >> 16) << 12 | high & 0x0FFF)
  }

  /// The smallest ordinal of a moment.
  package static func firstOrdinal(at time: Timestamp) -> Int64 {
    Int64(clamping: UInt64(clamping: time.microseconds / 1_000) << 12)
  }

  /// The sixteen bytes, highest first, or `nil` when there are not sixteen.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for (index, byte) in bytes.enumerated() {
      if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
    }
    self.init(high: high, low: low)
  }

  package static func < (earlier: UUIDv7, later: UUIDv7) -> Bool {
    earlier.high == later.high ? earlier.low < later.low : earlier.high < later.high
  }

  /// The lower half is enough to tell identifiers apart in a table: it is random but for two bits, and
  /// two that share it are merely compared in full.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(low)
  }

  /// The sixteen bytes, highest first.
  package var bytes: [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
      for index in 0..<8 {
        unsafe buffer[index] = UInt8(truncatingIfNeeded: high >> (56 - 8 * index))
        unsafe buffer[index + 8] = UInt8(truncatingIfNeeded: low >> (56 - 8 * index))
      }
      count = 16
    }
  }
}

extension UUIDv7: CustomStringConvertible, LosslessStringConvertible {
  /// The usual 36 characters, in lower case.
  package var description: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads the 36 characters in either case; anything else is `nil`.
  package init?(_ text: String) {
    let text = Array(text.utf8)
    guard text.count == 36 else { return nil }
    var bytes: [UInt8] = []
    var pending: UInt8?
    for (index, character) in text.enumerated() {
      if [8, 13, 18, 23].contains(index) {
        guard character == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = Character(UnicodeScalar(character)).hexDigitValue else { return nil }
      if let first = pending {
        bytes.append(first << 4 | UInt8(digit))
        pending = nil
      } else {
        pending = UInt8(digit)
      }
    }
    self.init(bytes: bytes)
  }
}
