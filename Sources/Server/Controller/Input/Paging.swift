import ControlAPI
import Engine
import Store

/// Which part of a list a client asks for.
package struct Paging: Sendable, Hashable {
  /// 1 to 1,000; 100 unless given.
  package var limit: Int
  /// What the part before named as the next; `nil` for the first.
  package var cursor: String?

  package static let most = 1_000

  package init(limit: Int = 100, cursor: String? = nil) {
    self.limit = limit
    self.cursor = cursor
  }

  /// The store's request for the list called `list`.
  func request(for list: String) throws(Problem) -> PageRequest {
    guard (1...Paging.most).contains(limit) else {
      throw Problem(
        .invalidParameter,
        "limit must be from 1 to \(Paging.most), not \(limit)",
        field: "limit"
      )
    }
    return PageRequest(
      limit: limit,
      cursor: try cursor.map { text throws(Problem) in
        try Paging.open(text, list)
      }
    )
  }

  /// The text of a cursor that leads on in the list called `list`.
  static func seal(_ bytes: [UInt8], _ list: String) -> String {
    Base64.encodeForURL(checksum(bytes, list) + bytes)
  }

  private static func open(_ text: String, _ list: String) throws(Problem) -> [UInt8] {
    guard text.utf8.count <= 1_024, let sealed = Base64.decodeFromURL(text), sealed.count >= 4,
      case let bytes = [UInt8](sealed[4...]), checksum(bytes, list) == [UInt8](sealed[..<4])
    else {
      throw Problem(
        .badCursor,
        "\"\(text.shortened)\" is no cursor of this list; take nextCursor as it was given",
        field: "cursor"
      )
    }
    return bytes
  }

  /// Tells a cursor of one list from that of another (FNV-1a, 32 bits); no protection from forgery.
  private static func checksum(_ bytes: [UInt8], _ list: String) -> [UInt8] {
    var hash: UInt32 = 0x811C_9DC5
    for byte in Array(list.utf8) + [0] + bytes {
      hash = (hash ^ UInt32(byte)) &* 0x0100_0193
    }
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: hash >> $0) }
  }
}

extension Page {
  /// The page as clients see it.
  func listing<Item: Codable & Sendable & Hashable>(
    of list: String,
    _ item: (Element) -> Item
  ) -> Listing<Item> {
    Listing(items: elements.map(item), nextCursor: next.map { Paging.seal($0, list) })
  }
}

extension Paging {
  /// The part of a list that is in memory whole, in the order of its keys.
  func slice<Item: Codable & Sendable & Hashable>(
    _ items: [Item],
    by key: KeyPath<Item, String>,
    of list: String
  ) throws(Problem) -> Listing<Item> {
    let request = try request(for: list)
    let after = request.cursor.map { String(decoding: $0, as: UTF8.self) }
    let sorted = items.sorted { $0[keyPath: key] < $1[keyPath: key] }
    let rest = sorted.drop { item in after.map { item[keyPath: key] <= $0 } ?? false }
    let part = Array(rest.prefix(limit))
    let isLast = part.count == rest.count
    let next = isLast ? nil : part.last.map { Paging.seal(Array($0[keyPath: key].utf8), list) }
    return Listing(items: part, nextCursor: next)
  }
}
