/// Writes the fields of a protobuf message, in the order in which it is told of them.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(field: Int, varint value: UInt64) {
    write(varint: UInt64(field) << 3)
    write(varint: value)
  }

  mutating func write(field: Int, bytes value: some Collection<UInt8>) {
    write(varint: UInt64(field) << 3 | 2)
    write(varint: UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  mutating func write(field: Int, text: String) {
    write(field: field, bytes: text.utf8)
  }

  private mutating func write(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
