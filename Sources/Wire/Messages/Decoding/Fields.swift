internal import CWire
internal import Engine

typealias CText = UnsafeMutablePointer<CChar>
typealias CBytes = ProtobufCBinaryData
typealias CItem<Value> = UnsafeMutablePointer<Value>

/// Reads fields of unpacked messages. Each reader names the field in the error it throws.
enum Fields {
  /// A name by which things are found: 1 to `limit` bytes of UTF-8.
  static func name(
    _ text: CText?,
    _ field: String,
    limit: Int = WireLimits.name
  ) throws(WireError) -> String {
    let value = try unsafe nameOrEmpty(text, field, limit: limit)
    guard !value.isEmpty else { throw WireError(field, .missing) }
    return value
  }

  /// Like `name`, but nothing is a value too.
  static func nameOrEmpty(
    _ text: CText?,
    _ field: String,
    limit: Int = WireLimits.name
  ) throws(WireError) -> String {
    guard let text = unsafe text else { return "" }
    guard let value = unsafe String(validatingCString: text) else {
      throw WireError(field, .notText)
    }
    try within(limit, value.utf8.count, field)
    return value
  }

  /// Words for a person: repaired where they are not UTF-8, and cut after `limit` bytes.
  static func prose(_ text: CText?, cutAt limit: Int) -> String {
    guard let text = unsafe text else { return "" }
    return unsafe String(cString: text).clipped(to: limit)
  }

  static func data(
    _ data: CBytes,
    _ field: String,
    limit: Int
  ) throws(WireError) -> [UInt8] {
    try unsafe within(limit, data.len, field)
    return unsafe [UInt8](UnsafeBufferPointer(start: data.data, count: data.len))
  }

  static func identifier(_ data: CBytes, _ field: String) throws(WireError) -> UUIDv7 {
    guard unsafe data.len == 16, let bytes = unsafe data.data else {
      throw unsafe WireError(field, .wrongLength(data.len, expected: 16))
    }
    let halves = UnsafeRawPointer(bytes)
    return unsafe UUIDv7(
      high: UInt64(bigEndian: halves.loadUnaligned(as: UInt64.self)),
      low: UInt64(bigEndian: halves.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }

  static func number(
    _ value: UInt32,
    in range: ClosedRange<Int>,
    _ field: String
  ) throws(WireError) -> Int {
    guard range.contains(Int(value)) else { throw WireError(field, .outOfRange) }
    return Int(value)
  }

  /// A duration of at least zero; `nil` where zero says that there is none.
  static func limit(_ microseconds: Int64, _ field: String) throws(WireError) -> Duration? {
    guard microseconds >= 0 else { throw WireError(field, .outOfRange) }
    return microseconds == 0 ? nil : .microseconds(microseconds)
  }

  static func wait(_ microseconds: Int64, _ field: String) throws(WireError) -> Duration {
    guard microseconds >= 0 else { throw WireError(field, .outOfRange) }
    return .microseconds(microseconds)
  }

  /// What the pointer leads to; the generated code allows none, a whole message does not.
  static func present<Item>(
    _ item: CItem<Item>?,
    _ field: String
  ) throws(WireError) -> CItem<Item> {
    guard let item = unsafe item else { throw WireError(field, .missing) }
    return unsafe item
  }

  /// A repeated field, item by item.
  static func list<Item, Value>(
    _ count: Int,
    _ items: UnsafeMutablePointer<CItem<Item>?>?,
    limit: Int,
    _ field: String,
    _ read: (CItem<Item>) throws(WireError) -> Value
  ) throws(WireError) -> [Value] {
    guard count > 0, let items = unsafe items else { return [] }
    try within(limit, count, field)
    var values: [Value] = []
    values.reserveCapacity(count)
    for index in 0..<count {
      guard let item = unsafe items[index] else { throw WireError(field, .missing) }
      values.append(try unsafe read(item))
    }
    return values
  }

  static func within(_ limit: Int, _ count: Int, _ field: String) throws(WireError) {
    guard count <= limit else { throw WireError(field, .overLimit(count, limit: limit)) }
  }
}

extension String {
  /// The text, or as much of its beginning as fits into `limit` bytes without splitting a character.
  package func clipped(to limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var end = utf8.index(startIndex, offsetBy: limit)
    while end > startIndex, end.samePosition(in: unicodeScalars) == nil {
      end = utf8.index(before: end)
    }
    return String(self[..<end])
  }
}
