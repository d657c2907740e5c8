package import Engine

/// Values in few bytes. Whoever appends has made room: see the sizes beside each.
extension OutputSpan<UInt8> {
  /// Small numbers are short: seven bits each, the lowest first (LEB128). At most 10 bytes.
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// 8 bytes, most significant first.
  mutating func append(fixed value: UInt64) {
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// 16 bytes.
  mutating func append(_ id: UUIDv7) {
    append(fixed: id.high)
    append(fixed: id.low)
  }

  /// At most 10 bytes.
  mutating func append(_ time: Timestamp) {
    append(varint: UInt64(bitPattern: time.microseconds))
  }

  /// At most 11 bytes.
  mutating func append(_ time: Timestamp?) {
    append(time == nil ? 0 : 1)
    if let time { append(time) }
  }

  /// At most 10 bytes more than the text has.
  mutating func append(_ text: String) {
    append(varint: UInt64(text.utf8.count))
    for byte in text.utf8 { append(byte) }
  }

  /// At most `Owner.size` bytes.
  mutating func append(_ owner: Owner?) {
    append(owner == nil ? 0 : 1)
    guard let owner else { return }
    append(owner.worker)
    append(owner.boot.uuid)
  }
}

extension Owner? {
  /// The most bytes it takes.
  var size: Int { 27 + (self?.worker.utf8.count ?? 0) }
}

extension [UInt8] {
  package mutating func append(varint value: UInt64) {
    append(addingCapacity: 10) { $0.append(varint: value) }
  }

  package mutating func append(_ id: UUIDv7) {
    append(addingCapacity: 16) { $0.append(id) }
  }

  package mutating func append(fixed value: UInt64) {
    append(addingCapacity: 8) { $0.append(fixed: value) }
  }

  package mutating func append(_ time: Timestamp) {
    append(addingCapacity: 10) { $0.append(time) }
  }

  package mutating func append(_ time: Timestamp?) {
    append(addingCapacity: 11) { $0.append(time) }
  }

  package mutating func append(_ text: String) {
    append(counted: text.utf8)
  }

  /// The bytes, with their number in front.
  package mutating func append(counted bytes: some Collection<UInt8>) {
    append(varint: UInt64(bytes.count))
    append(contentsOf: bytes)
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
    var value: UInt64 = 0
    for place in position..<position + 8 { value = value << 8 | UInt64(bytes[place]) }
    position += 8
    return value
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
