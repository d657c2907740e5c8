extension Logger {
  /// What a message says: a fixed phrase, as a literal.
  package struct Message: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    package let description: String

    package init(stringLiteral text: String) { description = text }
  }

  /// One fact beside a message.
  package enum MetadataValue: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    case string(String)
    /// Described only when the message is written.
    case stringConvertible(any CustomStringConvertible & Sendable)

    package init(stringLiteral text: String) { self = .string(text) }

    package var description: String {
      switch self {
      case .string(let text): text
      case .stringConvertible(let value): value.description
      }
    }
  }

  /// The facts beside a message, in the order they were given. A key occurs once.
  package struct Metadata: Sendable, ExpressibleByDictionaryLiteral {
    package struct Entry: Sendable {
      package let key: String
      package fileprivate(set) var value: MetadataValue
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, MetadataValue)...) {
      entries.reserveCapacity(elements.count)
      for (key, value) in elements { self[key] = value }
    }

    /// Setting a key that is there keeps its place; setting it to `nil` takes it out.
    package subscript(key: String) -> MetadataValue? {
      get { entries.first { $0.key == key }?.value }
      set {
        let position = entries.firstIndex { $0.key == key }
        switch (position, newValue) {
        case (let position?, let value?): entries[position].value = value
        case (let position?, nil): entries.remove(at: position)
        case (nil, let value?): entries.append(Entry(key: key, value: value))
        case (nil, nil): break
        }
      }
    }

    /// Adds what `other` says, which wins where both have a key.
    package func merging(_ other: Metadata?) -> Metadata {
      guard let other else { return self }
      guard !entries.isEmpty else { return other }
      var merged = self
      for entry in other.entries { merged[entry.key] = entry.value }
      return merged
    }
  }
}
