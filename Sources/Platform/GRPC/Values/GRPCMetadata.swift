import CGRPC

/// The headers or trailers of a call, in order. A key may occur more than once.
package struct GRPCMetadata: Sendable, Hashable {
  package struct Entry: Sendable, Hashable {
    /// In lower case. Ending in `-bin`, the value may be any bytes; otherwise it is printable ASCII.
    package let key: String
    package let value: [UInt8]
  }

  package private(set) var entries: [Entry] = []

  package init() {}

  package var isEmpty: Bool { entries.isEmpty }

  /// The first value under `key`, which is in lower case. `nil` when absent or not UTF-8.
  package subscript(key: String) -> String? {
    bytes(for: key).flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// The first value under `key`, which is in lower case.
  package func bytes(for key: String) -> [UInt8]? {
    entries.first { $0.key == key }?.value
  }

  /// Adds one entry, and says whether the protocol allows it; if not, nothing changes.
  ///
  /// Keys are made lower case. Letters, digits, `-`, `_` and `.` may occur in them. Those that begin
  /// with `grpc-` belong to the protocol itself.
  @discardableResult
  package mutating func append(_ key: String, _ value: String) -> Bool {
    append(key, Array(value.utf8))
  }

  /// Adds one entry, and says whether the protocol allows it; if not, nothing changes.
  @discardableResult
  package mutating func append(_ key: String, _ value: [UInt8]) -> Bool {
    let key = key.lowercased()
    guard Self.allows(key: key), key.hasSuffix("-bin") || value.allSatisfy(Self.isPrintable) else {
      return false
    }
    entries.append(Entry(key: key, value: value))
    return true
  }

  /// Adds what a peer sent or the protocol itself needs: already known to be allowed.
  mutating func appendAllowed(_ key: String, _ value: [UInt8]) {
    entries.append(Entry(key: key, value: value))
  }

  private static func allows(key: String) -> Bool {
    guard !key.isEmpty, !key.hasPrefix("grpc-") else { return false }
    return key.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
  }

  private static func isPrintable(_ byte: UInt8) -> Bool {
    (0x20...0x7E).contains(byte)
  }
}
