/// The members that a type asked for while it read itself.
final class MemberTrace {
  struct Member {
    let name: String
    let type: any Decodable.Type
    let isRequired: Bool
  }

  private(set) var members: [Member] = []

  fileprivate func note(_ key: any CodingKey, _ type: any Decodable.Type, isRequired: Bool) {
    members.append(Member(name: key.stringValue, type: type, isRequired: isRequired))
  }
}

/// Hands out made-up values and keeps what was asked for.
struct TracingDecoder: Decoder {
  let trace: MemberTrace
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(TracingMembers<Key>(trace: trace))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw Untraceable()
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    throw Untraceable()
  }
}

/// The type has a form that is not made of members.
private struct Untraceable: Error {}

private struct TracingMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let trace: MemberTrace
  let codingPath: [any CodingKey] = []
  let allKeys: [Key] = []

  func contains(_ key: Key) -> Bool { true }

  func decodeNil(forKey key: Key) throws -> Bool { false }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    trace.note(key, type, isRequired: true)
    return try sample(of: type)
  }

  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
    trace.note(key, type, isRequired: false)
    return nil
  }

  // Without these the defaults would be asked, which call `decode` and so hide what is optional.
  func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
    try absent(type, key)
  }
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
    try absent(type, key)
  }
  func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try absent(type, key) }
  func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
    try absent(type, key)
  }

  private func absent<T: Decodable>(_ type: T.Type, _ key: Key) throws -> T? {
    trace.note(key, type, isRequired: false)
    return nil
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type,
    forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> {
    throw Untraceable()
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    throw Untraceable()
  }

  func superDecoder() throws -> any Decoder { throw Untraceable() }

  func superDecoder(forKey key: Key) throws -> any Decoder { throw Untraceable() }

  /// Any value of the type, so that the reading goes on.
  private func sample<T: Decodable>(of type: T.Type) throws -> T {
    let simple: [Any] = [
      "", false, 0, Int64(0), Int32(0), UInt32(0), UInt64(0), 0.0,
    ]
    if let value = simple.lazy.compactMap({ $0 as? T }).first { return value }
    if let type = type as? any Emptyable.Type, let value = type.empty as? T { return value }
    if let type = type as? any CaseIterable.Type, let value = type.anyCase as? T { return value }
    return try T(from: TracingDecoder(trace: MemberTrace()))
  }
}

private protocol Emptyable {
  static var empty: Self { get }
}

extension Array: Emptyable {
  fileprivate static var empty: [Element] { [] }
}

extension Dictionary: Emptyable {
  fileprivate static var empty: [Key: Value] { [:] }
}

extension CaseIterable {
  fileprivate static var anyCase: Any? { allCases.first }
}
