/// Reads the fields of a protobuf message one after the other.
struct WireReader {
  struct Malformed: Error {}

  enum Value {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    rest = bytes
  }

  /// All fields of `bytes`, in order.
  static func fields(
    of bytes: ArraySlice<UInt8>
  ) throws(Malformed) -> [(field: Int, value: Value)] {
    var reader = WireReader(bytes)
    var fields: [(field: Int, value: Value)] = []
    while let field = try reader.next() { fields.append(field) }
    return fields
  }

  /// The next field, or `nil` at the end.
  mutating func next() throws(Malformed) -> (field: Int, value: Value)? {
    guard !rest.isEmpty else { return nil }
    let key = try varint()
    guard let field = Int(exactly: key >> 3), field > 0 else { throw Malformed() }
    switch key & 7 {
    case 0: return (field, .number(try varint()))
    case 1: return (field, .number(try fixed(8)))
    case 2:
      guard let count = Int(exactly: try varint()) else { throw Malformed() }
      return (field, .bytes(try take(count)))
    case 5: return (field, .number(try fixed(4)))
    default: throw Malformed()
    }
  }

  private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
    guard count <= rest.count else { throw Malformed() }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  private mutating func fixed(_ count: Int) throws(Malformed) -> UInt64 {
    try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func varint() throws(Malformed) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      guard let byte = rest.popFirst() else { throw Malformed() }
      value |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte < 0x80 { return value }
    }
    throw Malformed()
  }
}

extension WireReader.Value {
  /// The text, when the field holds bytes that are UTF-8.
  var text: String? {
    guard case .bytes(let bytes) = self else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
