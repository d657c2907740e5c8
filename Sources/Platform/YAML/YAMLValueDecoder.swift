/// Stands at one value of the tree, and gives it out as what a type asks for.
struct YAMLValueDecoder: Decoder {
  let value: YAMLValue
  let codingPath: [any CodingKey]
  let usage: YAMLKeyUsage

  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    let mapping = try value.mapping
    usage.open(value, mapping)
    return KeyedDecodingContainer(YAMLKeyedContainer(decoder: self, mapping: mapping))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    YAMLUnkeyedContainer(decoder: self, values: try value.sequence)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  func descend(to value: YAMLValue, _ key: any CodingKey) -> YAMLValueDecoder {
    YAMLValueDecoder(value: value, codingPath: codingPath + [key], usage: usage)
  }
}

extension YAMLValueDecoder: SingleValueDecodingContainer {
  func decodeNil() -> Bool { value.isNull }
  func decode(_ type: Bool.Type) throws -> Bool { try value.bool }
  func decode(_ type: String.Type) throws -> String { try value.string }
  func decode(_ type: Double.Type) throws -> Double { try value.double }
  func decode(_ type: Float.Type) throws -> Float { Float(try value.double) }
  func decode(_ type: Int.Type) throws -> Int { try value.int }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
  func decode(_ type: UInt.Type) throws -> UInt { try integer() }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }

  func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: self) }

  private func integer<T: FixedWidthInteger>() throws -> T {
    guard let number = T(exactly: try value.int) else {
      throw value.unexpected("an integer from \(T.min) to \(T.max)")
    }
    return number
  }
}
