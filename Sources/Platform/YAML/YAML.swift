/// Reads YAML: the core schema of version 1.2, with every problem named by line and column.
package enum YAML {
  /// How much a text may ask of its reader.
  package struct Limits: Sendable, Hashable {
    /// In bytes.
    package var size = 1 << 20
    /// How many collections may be nested in one another.
    package var depth = 64
    /// How many values there may be in a stream, each alias counted as what it stands for.
    package var values = 100_000

    package init() {}
  }

  /// Reads a text of one document. An empty one is null.
  package static func parse(
    _ text: String,
    limits: Limits = Limits()
  ) throws(YAMLError) -> YAMLValue {
    try parse([UInt8](text.utf8), limits: limits)
  }

  /// Reads a text of one document, in UTF-8 or in UTF-16 with a byte order mark.
  package static func parse(
    _ bytes: [UInt8],
    limits: Limits = Limits()
  ) throws(YAMLError) -> YAMLValue {
    let documents = try documents(bytes, limits: limits)
    if documents.count > 1 { throw documents[1].error("expected one document, found another") }
    return documents.first ?? .empty
  }

  /// Reads every document of a text, in order.
  package static func documents(
    _ bytes: [UInt8],
    limits: Limits = Limits()
  ) throws(YAMLError) -> [YAMLValue] {
    guard bytes.count <= limits.size else {
      let message = "\(bytes.count) bytes are more than the \(limits.size) allowed"
      throw YAMLError(line: 1, column: 1, message: message)
    }
    var composer = YAMLComposer(reader: try YAMLEventReader(bytes), limits: limits)
    return try composer.documents()
  }
}

extension YAMLValue {
  /// What an empty text says.
  fileprivate static var empty: YAMLValue {
    YAMLValue(
      content: .null,
      line: 1,
      column: 1,
      keyPath: YAMLPath(),
      source: "",
      weight: 1,
      height: 0
    )
  }
}
