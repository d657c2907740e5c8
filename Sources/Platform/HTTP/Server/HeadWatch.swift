/// Follows the head of a request as it arrives, beside evhttp: that counts without line ends, and answers
/// a body that claims to be too large only once it has come.
struct HeadWatch {
  enum Excess: Sendable {
    /// The request line and the header fields, with all line ends.
    case head
    /// What `Content-Length` says.
    case body
  }

  /// Nothing that is looked for is longer.
  private static let longestPrefix = 64
  private static let lengthField = Array("content-length:".utf8)

  private let maxHeadBytes: Int
  private let maxBodyBytes: Int
  private var size = 0
  /// How the line in hand begins.
  private var prefix: [UInt8] = []
  /// The head is complete; what follows is of no interest.
  private(set) var isOver = false

  init(maxHeadBytes: Int, maxBodyBytes: Int) {
    self.maxHeadBytes = maxHeadBytes
    self.maxBodyBytes = maxBodyBytes
  }

  /// Takes in what has come; says what is too much, if something is.
  mutating func take(_ bytes: some Sequence<UInt8>) -> Excess? {
    for byte in bytes where !isOver {
      size += 1
      guard size <= maxHeadBytes else { return .head }
      if byte == UInt8(ascii: "\n") {
        if claimsTooMuch { return .body }
        isOver = prefix.allSatisfy { $0 == UInt8(ascii: "\r") }
        prefix.removeAll(keepingCapacity: true)
      } else if prefix.count < Self.longestPrefix {
        prefix.append(byte)
      }
    }
    return nil
  }

  /// Whether the line is a `Content-Length` with a number beyond what a body may have. What is no number
  /// is left to others.
  private var claimsTooMuch: Bool {
    guard prefix.count > Self.lengthField.count,
      zip(prefix, Self.lengthField).allSatisfy({ $0 | 0x20 == $1 })
    else { return false }
    let blanks = Array(" \t\r".utf8)
    let value = prefix[Self.lengthField.count...].split(whereSeparator: blanks.contains)
    guard value.count == 1, let digits = value.first,
      digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return false }
    let number = Int(String(decoding: digits, as: UTF8.self)) ?? .max
    return number > maxBodyBytes
  }
}
