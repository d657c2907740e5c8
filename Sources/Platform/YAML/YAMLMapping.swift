/// Keys and their values in the order they were written. No key occurs twice.
package struct YAMLMapping: Sendable {
  package struct Entry: Sendable {
    package let key: String
    package let value: YAMLValue
    /// Where the key is, counted from 1.
    package let line: Int
    /// Where the key is, in characters counted from 1.
    package let column: Int
  }

  package private(set) var entries: [Entry] = []
  private var positions: [String: Int] = [:]

  package subscript(key: String) -> YAMLValue? {
    positions[key].map { entries[$0].value }
  }

  package var keys: [String] { entries.map(\.key) }

  /// The entries whose key is none of `known`, in order.
  package func entries(besides known: Set<String>) -> [Entry] {
    entries.filter { !known.contains($0.key) }
  }

  func contains(_ key: String) -> Bool { positions[key] != nil }

  /// Adds an entry whose key is not there yet.
  mutating func append(_ entry: Entry) {
    positions[entry.key] = entries.count
    entries.append(entry)
  }
}
