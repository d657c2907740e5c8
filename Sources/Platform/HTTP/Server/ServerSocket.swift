import CEvent
import Foundation

/// The evhttp server of one loop and the socket it accepts on, freed together.
///
/// Freeing it closes every connection, so it happens on the loop's thread once that has come to rest.
@safe final class ServerSocket {
  let address: HTTPServer.Address

  private let base: EventBase
  private let http: OpaquePointer
  private let listener: OpaquePointer
  private var bound: OpaquePointer?
  private var isListening = true

  init(on base: EventBase, for loop: ServerLoop) throws(HTTPServerError) {
    let (host, port) = (loop.configuration.host, loop.configuration.port)
    guard let http = unsafe evhttp_new(base.handle) else {
      throw HTTPServerError(code: .outOfResources, message: "the system gave no HTTP server")
    }
    guard let listener = unsafe Self.listener(on: base, host: host, port: port) else {
      unsafe evhttp_free(http)
      let reason = unsafe String(cString: strerror(errno))
      let message = "cannot listen on \(host):\(port): \(reason)"
      throw HTTPServerError(code: .cannotListen, message: message)
    }
    self.base = base
    unsafe (self.http, self.listener) = (http, listener)
    address = unsafe Self.address(of: listener, fallback: host)
    unsafe bound = evhttp_bind_listener(http, listener)
    // Out of file descriptors: rest until the next sweep instead of failing in a circle.
    unsafe evconnlistener_set_error_cb(listener) { listener, _ in
      unsafe evconnlistener_disable(listener)
    }
    configure(for: loop)
  }

  deinit { unsafe evhttp_free(http) }

  private func configure(for loop: ServerLoop) {
    let argument = unsafe Unmanaged.passUnretained(loop).toOpaque()
    let limits = loop.configuration
    var idle = timeval(limits.idleTimeout)
    unsafe evhttp_set_timeout_tv(http, &idle)
    unsafe evhttp_set_max_headers_size(http, limits.maxHeaderBytes)
    unsafe evhttp_set_max_body_size(http, limits.readableBodyBytes)
    unsafe evhttp_set_flags(http, EVHTTP_SERVER_LINGERING_CLOSE)
    unsafe evhttp_set_default_content_type(http, nil)
    unsafe evhttp_set_allowed_methods(http, .max)  // What is unknown is answered by us.
    unsafe evhttp_set_bevcb(http, { unsafe ServerConnection.open(on: $0, $1) }, argument)
    unsafe evhttp_set_gencb(
      http,
      { request, argument in
        guard let request = unsafe request else { return }
        unsafe ServerLoop.at(argument)?.received(request)
      },
      argument
    )
  }

  /// Starts or pauses accepting; `force` does it even if nothing seems to change.
  func setListening(_ wanted: Bool, force: Bool = false) {
    guard unsafe bound != nil, force || wanted != isListening else { return }
    isListening = wanted
    if wanted {
      unsafe evconnlistener_enable(listener)
    } else {
      unsafe evconnlistener_disable(listener)
    }
  }

  /// Closes the listening socket for good.
  func stopListening() {
    guard let bound = unsafe bound else { return }
    unsafe self.bound = nil
    unsafe evhttp_del_accept_socket(http, bound)
  }

  private static func listener(on base: EventBase, host: String, port: UInt16) -> OpaquePointer? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(host, String(port), &hints, &found) == 0, let found = unsafe found
    else {
      errno = EADDRNOTAVAIL
      return nil
    }
    defer { unsafe freeaddrinfo(found) }
    let flags = UInt32(LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE)
    return unsafe evconnlistener_new_bind(
      base.handle,
      nil,
      nil,
      flags,
      1024,  // The kernel lowers it to its own limit.
      found.pointee.ai_addr,
      Int32(found.pointee.ai_addrlen)
    )
  }

  private static func address(
    of listener: OpaquePointer,
    fallback: String
  ) -> HTTPServer.Address {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    let result = unsafe withUnsafeMutablePointer(to: &storage) { storage in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe getsockname(evconnlistener_get_fd(listener), address, &length)
        return unsafe getnameinfo(
          address,
          length,
          &host,
          socklen_t(host.count),
          &port,
          socklen_t(port.count),
          NI_NUMERICHOST | NI_NUMERICSERV
        )
      }
    }
    guard result == 0 else { return HTTPServer.Address(host: fallback, port: 0) }
    return HTTPServer.Address(host: text(host), port: UInt16(text(port)) ?? 0)
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

extension HTTPServer.Configuration {
  /// The longest body that is read at all: what is a little too long gets the owner's 413, what is
  /// longer still the library's own.
  var readableBodyBytes: Int { 2 * maxBodyBytes + 65_536 }
}
