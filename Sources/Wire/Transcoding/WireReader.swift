/// Reads the fields of a message one after the other, whatever the bytes.
///
/// It tells where things are and copies nothing.
package struct WireReader {
  package let bytes: [UInt8]
  private var position: Int
  private let end: Int

  package init(_ bytes: [UInt8]) {
    self.init(bytes, in: 0..<bytes.count)
  }

  /// A part of `bytes`, which must lie within them.
  package init(_ bytes: [UInt8], in range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  package struct Field {
    package let number: Int
    package let value: Value
    /// Where it stands, its number and its length included.
    package let range: Range<Int>
  }

  package enum Value {
    case number(UInt64)
    /// Where its content stands.
    case content(Range<Int>)
    /// Four or eight bytes, of which the control service makes no use.
    case fixed
  }

  /// Not a message, wherever it was found.
  package struct Malformed: Error, Hashable {}

  /// The next field, or `nil` at the end.
  package mutating func next() throws(Malformed) -> Field? {
    guard position < end else { return nil }
    let start = position
    let key = try varint()
    guard let number = Int(exactly: key >> 3), number > 0, number < 1 << 29 else {
      throw Malformed()
    }
    let value: Value
    switch key & 7 {
    case 0: value = .number(try varint())
    case 1: value = try skip(8)
    case 2: value = .content(try take(try varint()))
    case 5: value = try skip(4)
    default: throw Malformed()
    }
    return Field(number: number, value: value, range: start..<position)
  }

  private mutating func skip(_ count: UInt64) throws(Malformed) -> Value {
    _ = try take(count)
    return .fixed
  }

  private mutating func take(_ count: UInt64) throws(Malformed) -> Range<Int> {
    guard count <= UInt64(end - position) else { throw Malformed() }
    defer { position += Int(count) }
    return position..<position + Int(count)
  }

  private mutating func varint() throws(Malformed) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < end else { throw Malformed() }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw Malformed()
  }
}
