import Foundation

/// Base64 as bodies carry it, and the form that is safe in a URL (RFC 4648, 4 and 5).
enum Base64 {
  static func encode(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString()
  }

  /// Strict: no line ends, padded.
  static func decode(_ text: String) -> [UInt8]? {
    Data(base64Encoded: text).map { [UInt8]($0) }
  }

  /// Without padding.
  static func encodeForURL(_ bytes: [UInt8]) -> String {
    encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  static func decodeFromURL(_ text: String) -> [UInt8]? {
    guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") }) else {
      return nil
    }
    let plain = text.replacing("-", with: "+").replacing("_", with: "/")
    return decode(plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
  }
}
