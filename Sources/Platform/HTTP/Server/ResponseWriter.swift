import CEvent

/// Puts one answer's head and body into the hands of evhttp.
@safe struct ResponseWriter {
  private let request: UnsafeMutablePointer<evhttp_request>
  private let isHead: Bool

  init(_ request: UnsafeMutablePointer<evhttp_request>, isHead: Bool) {
    unsafe self.request = request
    self.isHead = isHead
  }

  /// Sends the whole answer. `bytes` is `nil` where the length of the body is not known.
  func send(_ response: HTTPResponse, _ bytes: [UInt8]?, closing: Bool) {
    addHeaders(of: response, closing: closing)
    let isBodiless = response.status == 204 || response.status == 304
    if let bytes, !isBodiless {
      add("Content-Length", String(bytes.count))
      if !isHead, !bytes.isEmpty {
        let output = unsafe evhttp_request_get_output_buffer(request)
        _ = unsafe bytes.withUnsafeBytes { unsafe evbuffer_add(output, $0.baseAddress, $0.count) }
      }
    }
    let reason = HTTPResponse.reason(for: response.status)
    unsafe evhttp_send_reply(request, Int32(response.status), reason, nil)
  }

  /// Sends the head of an answer whose body follows in chunks.
  func start(_ response: HTTPResponse, closing: Bool) {
    let knowsChunks = unsafe request.pointee.minor >= 1
    addHeaders(of: response, closing: closing || !knowsChunks)
    let reason = HTTPResponse.reason(for: response.status)
    unsafe evhttp_send_reply_start(request, Int32(response.status), reason)
  }

  private func addHeaders(of response: HTTPResponse, closing: Bool) {
    for field in response.headers.fields where field.isSendable && !isOurs(field.name) {
      add(field.name, field.value)
    }
    if closing { add("Connection", "close") }
  }

  private func isOurs(_ name: String) -> Bool {
    name.equalsIgnoringCase("Content-Length") || name.equalsIgnoringCase("Transfer-Encoding")
  }

  private func add(_ name: String, _ value: String) {
    _ = unsafe evhttp_add_header(evhttp_request_get_output_headers(request), name, value)
  }
}
