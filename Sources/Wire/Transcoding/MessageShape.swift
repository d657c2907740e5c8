internal import CWire

/// What a message consists of, as the generated descriptors tell.
///
/// Only what the control service's schema uses is known: flags, integers that are written as they are,
/// text, bytes, and messages.
package struct MessageShape: Sendable {
  /// As the schema writes it, without the package: `TriggerSpec`.
  package let name: String
  /// By number.
  package let fields: [Field]

  package struct Field: Sendable {
    package let number: Int
    /// As the schema writes it: `time_zone`.
    package let name: String
    /// As JSON writes it: `timeZone`.
    package let jsonName: String
    package let kind: Kind
    package let isRepeated: Bool
    package let isRequired: Bool
  }

  package enum Kind: Sendable {
    case flag
    /// Negative numbers are written as if they had 64 bits.
    case signed
    case unsigned
    case text
    case bytes
    indirect case message(MessageShape)
  }

  /// The field of that number, if there is one.
  package func field(_ number: Int) -> Field? {
    // Nearly all messages number their fields from 1 without gaps.
    if fields.indices.contains(number - 1), fields[number - 1].number == number {
      return fields[number - 1]
    }
    return fields.first { $0.number == number }
  }

  /// Whether it is one entry of an object of texts.
  package var isPair: Bool { fields.map(\.name) == ["key", "value"] }
}

extension MessageShape {
  init(_ descriptor: UnsafePointer<ProtobufCMessageDescriptor>) {
    let message = unsafe descriptor.pointee
    let fields = unsafe UnsafeBufferPointer(start: message.fields, count: Int(message.n_fields))
    name = unsafe String(cString: message.short_name)
    self.fields = unsafe fields.map { unsafe Field($0) }
  }
}

extension MessageShape.Field {
  init(_ field: ProtobufCFieldDescriptor) {
    number = unsafe Int(field.id)
    name = unsafe String(cString: field.name)
    jsonName = name.camelCased
    kind = unsafe MessageShape.Kind(field)
    isRepeated = unsafe field.label == PROTOBUF_C_LABEL_REPEATED
    isRequired = unsafe field.label == PROTOBUF_C_LABEL_REQUIRED
  }
}

extension MessageShape.Kind {
  init(_ field: ProtobufCFieldDescriptor) {
    switch unsafe field.type {
    case PROTOBUF_C_TYPE_BOOL: self = .flag
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_INT64: self = .signed
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_UINT64: self = .unsigned
    case PROTOBUF_C_TYPE_STRING: self = .text
    case PROTOBUF_C_TYPE_BYTES: self = .bytes
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let inner = unsafe field.descriptor else {
        preconditionFailure("a message has a shape")
      }
      self = unsafe .message(
        MessageShape(inner.assumingMemoryBound(to: ProtobufCMessageDescriptor.self))
      )
    default: unsafe preconditionFailure("fields of type \(field.type) are not in use")
    }
  }
}

extension String {
  /// `timeZone` for `time_zone`.
  package var camelCased: String {
    let words = split(separator: "_")
    return words.dropFirst().reduce(String(words.first ?? "")) { text, word in
      text + word.prefix(1).uppercased() + word.dropFirst()
    }
  }

  /// `time_zone` for `timeZone`.
  package var snakeCased: String {
    reduce(into: "") { text, character in
      text += character.isUppercase ? "_\(character.lowercased())" : String(character)
    }
  }
}
