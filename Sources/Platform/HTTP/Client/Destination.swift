import CCurl

/// Where a URL leads, as far as an error message may tell: host and port.
struct Destination: CustomStringConvertible {
  let description: String

  /// Throws `badURL` unless `url` is well-formed and `http` or `https`.
  init(_ url: String) throws(HTTPClientError) {
    guard let handle = unsafe curl_url() else {
      throw HTTPClientError(code: .badURL, message: "the URL could not be read: out of memory")
    }
    defer { unsafe curl_url_cleanup(handle) }
    let isSound = url.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    guard isSound, unsafe curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK else {
      throw HTTPClientError(code: .badURL, message: "the URL is malformed")
    }
    let scheme = unsafe Self.part(CURLUPART_SCHEME, of: handle)
    guard ["http", "https"].contains(scheme?.lowercased()) else {
      throw HTTPClientError(code: .badURL, message: "the URL is neither http nor https")
    }
    let host = unsafe Self.part(CURLUPART_HOST, of: handle) ?? ""
    let port = unsafe Self.part(CURLUPART_PORT, of: handle) ?? ""
    description = "\(host):\(port)"
  }

  private static func part(_ part: CURLUPart, of url: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    let flags = UInt32(CURLU_DEFAULT_PORT)
    guard unsafe curl_url_get(url, part, &text, flags) == CURLUE_OK, let text = unsafe text else {
      return nil
    }
    defer { unsafe curl_free(text) }
    return unsafe String(cString: text)
  }
}
