/// A part of a longer list.
public struct Listing<Item: Codable & Sendable & Hashable>: Codable, Sendable, Hashable {
  public var items: [Item]
  /// Asks for the part that follows; `nil` when this was the last.
  public var nextCursor: String?

  package init(items: [Item], nextCursor: String? = nil) {
    self.items = items
    self.nextCursor = nextCursor
  }
}
