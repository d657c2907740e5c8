import CEvent

/// Turns what evhttp parsed into a request, and refuses what could be read in two ways.
///
/// evhttp frames leniently, so the framing is checked again here; a refused request ends its connection,
/// and with it whatever might have been smuggled behind it (RFC 9112, 6.3 and 11.2).
@safe struct RequestReader {
  enum Reading {
    case complete(HTTPRequest)
    case rejected(status: Int)
  }

  private let request: UnsafeMutablePointer<evhttp_request>
  private let remoteAddress: String

  init(_ request: UnsafeMutablePointer<evhttp_request>, from remoteAddress: String) {
    unsafe self.request = request
    self.remoteAddress = remoteAddress
  }

  func read(maxBodyBytes: Int) -> Reading {
    guard unsafe request.pointee.major == 1 else { return .rejected(status: 505) }
    guard let method else { return .rejected(status: 501) }
    guard let headers, isFramed(headers, method) else { return .rejected(status: 400) }
    let input = unsafe evhttp_request_get_input_buffer(request)
    let length = unsafe evbuffer_get_length(input)
    guard length <= maxBodyBytes else { return .rejected(status: 413) }
    let target = unsafe evhttp_request_get_uri(request).map { unsafe String(cString: $0) }
    let complete = HTTPRequest(
      method: method,
      target: target ?? "",
      headers: headers,
      body: unsafe body(of: input, length),
      remoteAddress: remoteAddress
    )
    return complete.map(Reading.complete) ?? .rejected(status: 400)
  }

  private var method: HTTPMethod? {
    switch unsafe evhttp_request_get_command(request) {
    case EVHTTP_REQ_GET: .get
    case EVHTTP_REQ_HEAD: .head
    case EVHTTP_REQ_POST: .post
    case EVHTTP_REQ_PUT: .put
    case EVHTTP_REQ_PATCH: .patch
    case EVHTTP_REQ_DELETE: .delete
    case EVHTTP_REQ_OPTIONS: .options
    default: nil
    }
  }

  /// `nil` when a name is not a token or a value holds control characters.
  private var headers: HTTPHeaders? {
    var headers = HTTPHeaders()
    var next = unsafe evhttp_request_get_input_headers(request)?.pointee.tqh_first
    while let field = unsafe next {
      guard let name = unsafe field.pointee.key, let value = unsafe field.pointee.value else {
        return nil
      }
      unsafe headers.append(String(cString: name), String(cString: value))
      unsafe next = field.pointee.next.tqe_next
    }
    return headers.fields.allSatisfy(\.isSendable) ? headers : nil
  }

  /// Whether everyone who reads these headers agrees on where the body ends and who is addressed.
  private func isFramed(_ headers: HTTPHeaders, _ method: HTTPMethod) -> Bool {
    let hosts = headers.values("Host")
    let isModern = unsafe request.pointee.minor >= 1
    guard hosts.count == 1 || (hosts.isEmpty && !isModern) else { return false }
    let lengths = headers.values("Content-Length")
    let codings = headers.values("Transfer-Encoding")
    if lengths.isEmpty && codings.isEmpty { return true }
    // evhttp reads no body after HEAD; it would be taken for the next request.
    let hasBody = method != .head
    if let coding = codings.first {
      return hasBody && isModern && lengths.isEmpty && codings.count == 1
        && coding.equalsIgnoringCase("chunked")
    }
    guard lengths.count == 1, let length = lengths.first, (1...18).contains(length.utf8.count)
    else {
      return false
    }
    let isNumber = length.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return isNumber && (hasBody || Int(length) == 0)
  }

  private func body(of input: OpaquePointer?, _ length: Int) -> [UInt8] {
    guard length > 0 else { return [] }
    return unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      count = unsafe max(0, Int(evbuffer_remove(input, buffer.baseAddress, length)))
    }
  }
}
