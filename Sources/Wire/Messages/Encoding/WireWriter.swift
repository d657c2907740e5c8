package import Engine

/// Writes fields in protobuf's wire form, one after the other.
package struct WireWriter {
  package private(set) var bytes: [UInt8] = []

  /// `capacity` is about how many bytes will be written; a wrong guess only costs time.
  package init(capacity: Int) {
    bytes.reserveCapacity(capacity)
  }

  package mutating func number(_ field: Int, _ value: UInt64) {
    varint(UInt64(field << 3))
    varint(value)
  }

  package mutating func number(_ field: Int, _ value: Int) {
    number(field, UInt64(bitPattern: Int64(value)))
  }

  mutating func time(_ field: Int, _ value: Timestamp) {
    number(field, UInt64(bitPattern: value.microseconds))
  }

  mutating func time(_ field: Int, _ value: Duration) {
    number(field, UInt64(bitPattern: value.microseconds))
  }

  package mutating func flag(_ field: Int, _ value: Bool) {
    number(field, value ? 1 as UInt64 : 0)
  }

  package mutating func text(_ field: Int, _ value: String) {
    open(field)
    varint(UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  package mutating func text(_ field: Int, ifPresent value: String?) {
    if let value { text(field, value) }
  }

  package mutating func data(_ field: Int, _ value: [UInt8]) {
    open(field)
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  /// A message inside this one, written by `body`.
  package mutating func message<Failure: Error>(
    _ field: Int,
    _ body: (inout WireWriter) throws(Failure) -> Void
  ) throws(Failure) {
    open(field)
    let start = bytes.count
    bytes.append(0)
    try body(&self)
    let length = bytes.count - start - 1
    if length < 128 {
      bytes[start] = UInt8(length)
    } else {
      widen(at: start, to: UInt64(length))
    }
  }

  /// Most messages are short, so one byte is set aside for the length; a long one moves up.
  private mutating func widen(at start: Int, to length: UInt64) {
    var digits = WireWriter(capacity: 4)
    digits.varint(length)
    bytes.replaceSubrange(start...start, with: digits.bytes)
  }

  /// The sixteen bytes of an identifier, highest first.
  mutating func identifier(_ field: Int, _ value: UUIDv7) {
    open(field)
    bytes.append(16)
    fixed(value.high.bigEndian)
    fixed(value.low.bigEndian)
  }

  /// The thirty-six characters of an identifier.
  package mutating func identifierText(_ field: Int, _ value: UUIDv7) {
    open(field)
    bytes.append(36)
    hexDigits(value.high, 8, from: 60)
    for (half, start) in [(value.high, 28), (value.high, 12), (value.low, 60)] {
      bytes.append(UInt8(ascii: "-"))
      hexDigits(half, 4, from: start)
    }
    bytes.append(UInt8(ascii: "-"))
    hexDigits(value.low, 12, from: 44)
  }

  /// So many digits, the first of which stands for the four bits at `start`.
  private mutating func hexDigits(_ value: UInt64, _ count: Int, from start: Int) {
    for digit in 0..<count {
      let nibble = UInt8(truncatingIfNeeded: value >> UInt64(start - 4 * digit)) & 15
      bytes.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
    }
  }

  mutating func fixed(_ field: Int, _ value: UInt64) {
    varint(UInt64(field << 3 | 1))
    fixed(value.littleEndian)
  }

  private mutating func fixed(_ value: UInt64) {
    unsafe withUnsafeBytes(of: value) { unsafe bytes.append(contentsOf: $0) }
  }

  private mutating func open(_ field: Int) {
    varint(UInt64(field << 3 | 2))
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 128 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

extension WireWriter {
  mutating func run(_ field: Int, _ run: RunID) {
    message(field) { writer in
      writer.identifier(1, run.slot.task.uuid)
      if run.slot.shard > 0 { writer.number(2, run.slot.shard) }
      writer.fixed(3, run.epoch.value)
    }
  }

  package mutating func pair(_ field: Int, key: String, value: String) {
    message(field) { writer in
      writer.text(1, key)
      writer.text(2, value)
    }
  }

  /// In the order of the keys, so that equal labels make equal bytes.
  mutating func labels(_ field: Int, _ labels: Labels) {
    guard !labels.pairs.isEmpty else { return }
    for (key, value) in labels.pairs.sorted(by: { $0.key < $1.key }) {
      pair(field, key: key, value: value)
    }
  }
}
