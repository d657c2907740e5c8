package import Engine

/// Small numbers in few bytes: seven bits each, the lowest first (LEB128).
extension [UInt8] {
  package mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  package mutating func append(_ id: UUIDv7) {
    append(fixed: id.high)
    append(fixed: id.low)
  }

  package mutating func append(fixed value: UInt64) {
    unsafe Swift.withUnsafeBytes(of: value.bigEndian) { bytes in unsafe append(contentsOf: bytes) }
  }

  package mutating func append(_ time: Timestamp) {
    append(varint: UInt64(bitPattern: time.microseconds))
  }

  package mutating func append(_ time: Timestamp?) {
    append(time == nil ? 0 : 1)
    if let time { append(time) }
  }

  package mutating func append(_ text: String) {
    append(varint: UInt64(text.utf8.count))
    append(contentsOf: text.utf8)
  }

  /// The bytes, with their number in front.
  package mutating func append(counted bytes: some Collection<UInt8>) {
    append(varint: UInt64(bytes.count))
    append(contentsOf: bytes)
  }

  mutating func append(_ owner: Owner?) {
    append(owner == nil ? 0 : 1)
    guard let owner else { return }
    append(owner.worker)
    append(owner.boot.uuid)
  }
}

/// Reads what the appends above wrote. Every read of bytes that make no sense is `nil`.
package struct ByteReader {
  private let bytes: [UInt8]
  private var position = 0

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  package var isAtEnd: Bool { position == bytes.count }

  package mutating func byte() -> UInt8? {
    guard position < bytes.count else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  package mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = byte() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      guard byte >= 0x80 else { return value }
    }
    return nil
  }

  package mutating func int() -> Int? {
    varint().flatMap { Int(exactly: $0) }
  }

  package mutating func fixed() -> UInt64? {
    guard bytes.count - position >= 8 else { return nil }
    defer { position += 8 }
    return bytes[position..<position + 8].reduce(0) { $0 << 8 | UInt64($1) }
  }

  package mutating func uuid() -> UUIDv7? {
    guard let high = fixed(), let low = fixed() else { return nil }
    return UUIDv7(high: high, low: low)
  }

  package mutating func time() -> Timestamp? {
    varint().map { Timestamp(microseconds: Int64(bitPattern: $0)) }
  }

  /// `nil` is nonsense, `.some(nil)` an absent value.
  package mutating func optionalTime() -> Timestamp?? {
    guard let flag = byte() else { return nil }
    guard flag == 1 else { return .some(nil) }
    return time().map(Optional.some)
  }

  package mutating func text() -> String? {
    guard let count = int(), bytes.count - position >= count else { return nil }
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }

  package mutating func counted() -> [UInt8]? {
    guard let count = int(), bytes.count - position >= count else { return nil }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  mutating func owner() -> Owner? {
    guard let worker = text(), let boot = uuid() else { return nil }
    return Owner(worker: worker, boot: BootID(boot))
  }

  /// `nil` is nonsense, `.some(nil)` an absent value.
  mutating func optionalOwner() -> Owner?? {
    guard let flag = byte() else { return nil }
    guard flag == 1 else { return .some(nil) }
    return owner().map(Optional.some)
  }
}
