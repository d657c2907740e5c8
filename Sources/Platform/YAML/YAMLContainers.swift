/// A mapping whose keys are those of a type.
struct YAMLKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: YAMLValueDecoder
  let mapping: YAMLMapping

  var codingPath: [any CodingKey] { decoder.codingPath }
  var allKeys: [Key] { mapping.keys.compactMap { Key(stringValue: $0) } }

  func contains(_ key: Key) -> Bool {
    decoder.usage.ask(key.stringValue, of: decoder.value)
    return mapping.contains(key.stringValue)
  }

  func decodeNil(forKey key: Key) throws -> Bool { try self[key].decodeNil() }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try T(from: self[key])
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type,
    forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try self[key].container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try self[key].unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try self[key] }

  private subscript(key: Key) -> YAMLValueDecoder {
    get throws {
      decoder.usage.ask(key.stringValue, of: decoder.value)
      guard let value = mapping[key.stringValue] else {
        throw decoder.value.error("the key “\(key.stringValue)” is missing")
      }
      return decoder.descend(to: value, key)
    }
  }
}

/// A sequence, read from its first value to its last.
struct YAMLUnkeyedContainer: UnkeyedDecodingContainer {
  private struct Index: CodingKey {
    let position: Int

    init(position: Int) { self.position = position }
    init?(intValue: Int) { self.init(position: intValue) }
    init?(stringValue: String) { nil }

    var intValue: Int? { position }
    var stringValue: String { "\(position)" }
  }

  let decoder: YAMLValueDecoder
  let values: [YAMLValue]
  private(set) var currentIndex = 0

  init(decoder: YAMLValueDecoder, values: [YAMLValue]) {
    self.decoder = decoder
    self.values = values
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { values.count }
  var isAtEnd: Bool { currentIndex == values.count }

  mutating func decodeNil() throws -> Bool {
    guard try current().decodeNil() else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: try take()) }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try take().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try take().unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder { try take() }

  private func current() throws -> YAMLValueDecoder {
    guard !isAtEnd else {
      throw decoder.value.error("expected more than \(values.count) values")
    }
    return decoder.descend(to: values[currentIndex], Index(position: currentIndex))
  }

  private mutating func take() throws -> YAMLValueDecoder {
    defer { currentIndex = min(currentIndex + 1, values.count) }
    return try current()
  }
}
