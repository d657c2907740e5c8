/// One line of a log while it is put together, never longer than it may be.
///
/// What does not fit is left out, and the line says so at its end.
struct LogLine {
  /// In bytes, the line break included.
  static let longest = 8192
  /// Kept free for what ends a line: an ellipsis, quotes and brackets, the mark that it was cut.
  private static let reserve = 64

  private(set) var bytes: [UInt8] = []
  private(set) var isCut = false
  private let limit = LogLine.longest - LogLine.reserve

  init() { bytes.reserveCapacity(256) }

  /// Appends what ends or structures a line; always fits.
  mutating func append(_ structure: StaticString) {
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(
        start: structure.utf8Start,
        count: structure.utf8CodeUnitCount
      )
    )
  }

  mutating func append(_ time: LogTime) { time.append(to: &bytes) }

  /// Whether a further field of at least `count` bytes can be begun. If not, the line is cut.
  mutating func hasRoom(for count: Int) -> Bool {
    if bytes.count + count > limit { isCut = true }
    return !isCut
  }

  /// Appends a text in which nothing can end the line, or the quotes around it, or move a cursor.
  ///
  /// Control characters and the line breaks of Unicode are written `\n`, `\t` or `\u001b`. Quotes
  /// and backslashes are escaped when `quotes` says that the text stands in quotes.
  mutating func append(escaping text: String, quotes: Bool) {
    guard !isCut else { return }
    if bytes.count + text.utf8.count <= limit, text.utf8.allSatisfy(Self.isPlain) {
      bytes.append(contentsOf: text.utf8)  // Nearly every text there is.
      return
    }
    for scalar in text.unicodeScalars {
      guard bytes.count < limit else {
        isCut = true
        bytes.append(contentsOf: "…".utf8)
        return
      }
      append(scalar, quotes: quotes)
    }
  }

  /// Whether a byte stands for itself, in quotes or not.
  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x20..<0x7F).contains(byte) && byte != 0x22 && byte != 0x5C
  }

  private mutating func append(_ scalar: Unicode.Scalar, quotes: Bool) {
    switch scalar.value {
    case 0x0A: append("\\n")
    case 0x0D: append("\\r")
    case 0x09: append("\\t")
    case 0x22 where quotes: append("\\\"")
    case 0x5C where quotes: append("\\\\")
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: appendCode(scalar.value)
    case 0x20..<0x7F: bytes.append(UInt8(truncatingIfNeeded: scalar.value))
    default: if let units = UTF8.encode(scalar) { bytes.append(contentsOf: units) }
    }
  }

  private mutating func appendCode(_ code: UInt32) {
    append("\\u")
    for shift in stride(from: UInt32(12), through: 0, by: -4) {
      let digit = UInt8(code >> shift & 0xf)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}
