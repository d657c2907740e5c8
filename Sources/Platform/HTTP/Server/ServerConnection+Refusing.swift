import CEvent
import Foundation

// What is refused without evhttp, or in other words than its own.
extension ServerConnection {
  /// Looks at what has just come of a head.
  func watchHead(_ added: Int) {
    guard var watch = head else { return }
    head = nil
    let input = unsafe bufferevent_get_input(buffer)
    let excess = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: added) { bytes in
      var place = unsafe evbuffer_ptr()
      let start = unsafe evbuffer_get_length(input) - added
      unsafe evbuffer_ptr_set(input, &place, start, EVBUFFER_PTR_SET)
      let count = unsafe evbuffer_copyout_from(input, &place, bytes.baseAddress, added)
      return unsafe watch.take(bytes.prefix(max(0, count)))
    }
    switch excess {
    case .head: refuse(400)
    case .body: refuse(413)
    case nil: if !watch.isOver { head = watch }
    }
  }

  /// Answers in place of evhttp, which gets to see nothing more of this connection.
  private func refuse(_ status: Int) {
    isRefused = true
    let me = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe bufferevent_setcb(
      buffer,
      { buffer, _ in
        let input = unsafe bufferevent_get_input(buffer)
        unsafe evbuffer_drain(input, evbuffer_get_length(input))
      },
      // Said: the client may hang up, or is cut off when the time of its request is over. Closed at
      // once, what it still sends would take the answer away from it.
      { buffer, _ in unsafe shutdown(bufferevent_getfd(buffer), Int32(SHUT_WR)) },
      { _, _, argument in unsafe ServerConnection.at(argument)?.close() },
      me
    )
    say(loop.configuration.errorResponse(status))
    unsafe bufferevent_enable(buffer, Int16(EV_READ | EV_WRITE))
  }

  /// Says in the owner's words what evhttp has just said in its own.
  func rephrase() {
    let output = unsafe bufferevent_get_output(buffer)
    guard !isRefused, isReading, let status = unsafe Self.status(in: output),
      (400...599).contains(status)
    else { return }
    unsafe evbuffer_unfreeze(output, 1)
    unsafe evbuffer_drain(output, evbuffer_get_length(output))
    unsafe evbuffer_freeze(output, 1)
    say(loop.configuration.errorResponse(status))
  }

  private func say(_ response: HTTPResponse) {
    let bytes = response.closingBytes
    _ = unsafe bytes.withUnsafeBytes {
      unsafe bufferevent_write(buffer, $0.baseAddress, $0.count)
    }
  }

  /// The status of the answer that `output` begins with; `nil` when it is none.
  private static func status(in output: OpaquePointer?) -> Int? {
    let start = Array("HTTP/1.1 400".utf8)
    let head = unsafe [UInt8](unsafeUninitializedCapacity: start.count) { bytes, count in
      count = unsafe max(0, evbuffer_copyout(output, bytes.baseAddress, start.count))
    }
    guard head.count == start.count, head.prefix(7) == start.prefix(7) else { return nil }
    return Int(String(decoding: head.suffix(3), as: UTF8.self))
  }
}

extension HTTPResponse {
  /// The whole answer, after which the connection ends; without a body if that is a stream.
  var closingBytes: [UInt8] {
    var body: [UInt8] = []
    if case .bytes(let bytes) = self.body { body = bytes }
    var head = "HTTP/1.1 \(status) \(HTTPResponse.reason(for: status))\r\n"
    for field in headers.fields where field.isSendable {
      head += "\(field.name): \(field.value)\r\n"
    }
    head += "Date: \(HTTPResponse.date)\r\nContent-Length: \(body.count)\r\n"
    return Array((head + "Connection: close\r\n\r\n").utf8) + body
  }

  /// Now, as RFC 9110, 5.6.7 wants it.
  private static var date: String {
    var text = [CChar](repeating: 0, count: 40)
    _ = unsafe evutil_date_rfc1123(&text, text.count, nil)
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
