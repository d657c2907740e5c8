/// The parts of a request target (RFC 9112, 3.2), decoded.
struct RequestTarget {
  let path: String
  let segments: [String]
  let query: [HTTPRequest.QueryItem]

  /// Reads the origin form, the absolute form of `http` and `https`, and `*`.
  ///
  /// `nil` means the form is another, a byte that must be escaped is not, an escape is broken, or what
  /// was escaped is not UTF-8.
  init?(_ target: String) {
    guard let origin = Self.originForm(of: target) else { return nil }
    let parts = origin.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(parts[0])
    guard let segments = Self.segments(of: parts[0]) else { return nil }
    guard let query = Self.items(of: parts.count > 1 ? parts[1] : "") else { return nil }
    self.segments = segments
    self.query = query
  }

  private static func originForm(of target: String) -> Substring? {
    guard target.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    if target.utf8.first == UInt8(ascii: "/") || target == "*" { return target[...] }
    let scheme = ["http://", "https://"].first { target.lowercased().hasPrefix($0) }
    guard let scheme else { return nil }
    let rest = target.dropFirst(scheme.count)
    guard let slash = rest.firstIndex(of: "/") else { return "/" }
    return rest[slash...]
  }

  private static func segments(of path: Substring) -> [String]? {
    guard path.utf8.first == UInt8(ascii: "/") else { return [] }
    guard path.utf8.count > 1 else { return [] }
    var segments: [String] = []
    for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard let decoded = percentDecoded(segment, plusIsSpace: false) else { return nil }
      segments.append(decoded)
    }
    return segments
  }

  private static func items(of query: Substring) -> [HTTPRequest.QueryItem]? {
    var items: [HTTPRequest.QueryItem] = []
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = percentDecoded(parts[0], plusIsSpace: true) else { return nil }
      let value = parts.count > 1 ? percentDecoded(parts[1], plusIsSpace: true) : ""
      guard let value else { return nil }
      items.append(HTTPRequest.QueryItem(name: name, value: value))
    }
    return items
  }

  /// Undoes percent-encoding; `nil` for a broken escape, a null byte, or bytes that are not UTF-8.
  private static func percentDecoded(_ text: Substring, plusIsSpace: Bool) -> String? {
    let isPlain = text.utf8.allSatisfy {
      $0 != UInt8(ascii: "%") && !(plusIsSpace && $0 == UInt8(ascii: "+"))
    }
    if isPlain { return String(text) }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.utf8.count)
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
      if byte == UInt8(ascii: "%") {
        guard let high = rest.next()?.hexValue, let low = rest.next()?.hexValue else { return nil }
        guard high | low != 0 else { return nil }
        decoded.append(high << 4 | low)
      } else {
        decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }
}

extension UInt8 {
  /// What the digit stands for in base 16, or `nil`.
  fileprivate var hexValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
