/// Gathers status and headers from the lines libcurl hands over one by one.
struct ResponseHeadParser {
  enum Progress {
    case more
    /// The head is whole; the body follows.
    case complete
    case tooLarge
  }

  /// The longest head taken, in bytes, interim answers included.
  static let limit = 256 << 10

  /// 0 before the first line.
  private(set) var status = 0
  private(set) var headers = HTTPHeaders()
  private var size = 0
  private var isComplete = false

  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Progress {
    size += bytes.count
    guard size <= Self.limit else { return .tooLarge }
    let line = unsafe String(decoding: bytes, as: UTF8.self).trimmed
    guard !isComplete else { return .more }  // A trailer; nobody asked for it.
    if line.isEmpty {
      isComplete = status >= 200  // Otherwise an interim answer, such as 100.
      return isComplete ? .complete : .more
    }
    if line.hasPrefix("HTTP/") {
      status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      headers = HTTPHeaders()
    } else if let colon = line.firstIndex(of: ":") {
      headers.append(String(line[..<colon]), line[line.index(after: colon)...].trimmed)
    }
    return .more
  }
}

extension StringProtocol {
  /// Without blanks and line ends at either end.
  fileprivate var trimmed: String {
    let isBlank = { (byte: UInt8) in [0x09, 0x0A, 0x0D, 0x20].contains(byte) }
    let kept = utf8.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
    return String(decoding: Array(kept), as: UTF8.self)
  }
}
