import CEvent
import Foundation

/// One client's connection: who it is, what it is being told, and when its request began.
///
/// evhttp owns the handles; this follows their life and is touched by the loop's thread only.
@safe final class ServerConnection {
  /// Tells open connections apart: the address of the evhttp half.
  struct Key: Hashable {
    private let bits: Int

    init(_ handle: OpaquePointer) {
      bits = Int(bitPattern: handle)
    }
  }

  let loop: ServerLoop
  let buffer: OpaquePointer
  private var handle: OpaquePointer?
  private var inputWatch: OpaquePointer?
  private var outputWatch: OpaquePointer?
  private var exchange: Exchange?
  /// The head that is arriving. `nil` once it is complete, and for one that was sent ahead.
  var head: HeadWatch?
  /// evhttp has no more say here.
  var isRefused = false
  private var requestBegan: Int?  // In sweeps.
  private(set) var remoteAddress = ""

  private init(_ loop: ServerLoop, _ buffer: OpaquePointer) {
    self.loop = loop
    unsafe self.buffer = buffer
  }

  /// Makes the buffers of a connection that evhttp has just accepted.
  static func open(
    on base: OpaquePointer?,
    _ argument: UnsafeMutableRawPointer?
  ) -> OpaquePointer? {
    guard let loop = unsafe ServerLoop.at(argument),
      let buffer = unsafe bufferevent_socket_new(base, -1, 0)
    else { return nil }
    // A client that sends ahead while it waits is held back by its own socket.
    let most = loop.configuration.readableBodyBytes + loop.configuration.maxHeaderBytes + 65_536
    unsafe bufferevent_setwatermark(buffer, Int16(EV_READ), 0, most)
    unsafe loop.accept(ServerConnection(loop, buffer))
    return unsafe buffer
  }

  /// Meets the evhttp half, which gave itself to the buffer as the argument of its callbacks.
  func adopt() -> Key? {
    var argument: UnsafeMutableRawPointer?
    unsafe bufferevent_getcb(buffer, nil, nil, nil, &argument)
    guard let argument = unsafe argument else { return nil }
    let handle = OpaquePointer(argument)
    guard unsafe evhttp_connection_get_bufferevent(handle) == buffer else { return nil }
    unsafe self.handle = handle
    remoteAddress = unsafe Self.peer(of: handle)
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    unsafe setsockopt(bufferevent_getfd(buffer), Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
    let me = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe evhttp_connection_set_closecb(handle, { unsafe ServerConnection.at($1)?.closed() }, me)
    unsafe inputWatch = evbuffer_add_cb(
      bufferevent_get_input(buffer),
      { _, change, argument in
        guard let added = unsafe change?.pointee.n_added, added > 0 else { return }
        unsafe ServerConnection.at(argument)?.receivedBytes(added)
      },
      me
    )
    unsafe outputWatch = evbuffer_add_cb(
      bufferevent_get_output(buffer),
      { _, change, argument in
        guard let added = unsafe change?.pointee.n_added, added > 0 else { return }
        unsafe ServerConnection.at(argument)?.wroteBytes()
      },
      me
    )
    expectHead()
    return unsafe Key(handle)
  }

  private func expectHead() {
    head = HeadWatch(
      maxHeadBytes: loop.configuration.maxHeaderBytes,
      maxBodyBytes: loop.configuration.maxBodyBytes
    )
  }

  static func at(_ argument: UnsafeMutableRawPointer?) -> ServerConnection? {
    guard let argument = unsafe argument else { return nil }
    return unsafe Unmanaged<ServerConnection>.fromOpaque(argument).takeUnretainedValue()
  }

  private static func peer(of handle: OpaquePointer) -> String {
    var address: UnsafeMutablePointer<CChar>?
    var port: UInt16 = 0
    unsafe evhttp_connection_get_peer(handle, &address, &port)
    guard let address = unsafe address else { return "" }
    return unsafe String(cString: address)
  }

  private func receivedBytes(_ added: Int) {
    if exchange == nil, requestBegan == nil { requestBegan = loop.tick }
    if head != nil { watchHead(added) }
  }

  /// What is written without an exchange are evhttp's own words.
  private func wroteBytes() {
    if let handle = unsafe handle, exchange == nil, !isRefused {
      unsafe loop.spoke(Key(handle))
    }
  }

  /// Nothing of a request has come, and none is being answered.
  var isIdle: Bool { exchange == nil && requestBegan == nil }

  /// A request is arriving, and nothing of an answer is ours.
  var isReading: Bool { exchange == nil }

  /// The request in hand has been arriving for longer than it may.
  var isLate: Bool {
    guard let requestBegan else { return false }
    return loop.tick - requestBegan >= loop.configuration.sweepsPerRequest
  }

  /// Closes the connection; not to be called from within one of evhttp's callbacks about it.
  func close() {
    guard let handle = unsafe handle else { return }
    unsafe evhttp_connection_free(handle)
  }

  /// evhttp is about to free its half.
  private func closed() {
    guard let handle = unsafe handle else { return }
    if let inputWatch = unsafe inputWatch {
      unsafe evbuffer_remove_cb_entry(bufferevent_get_input(buffer), inputWatch)
    }
    if let outputWatch = unsafe outputWatch {
      unsafe evbuffer_remove_cb_entry(bufferevent_get_output(buffer), outputWatch)
    }
    unsafe (self.handle, inputWatch, outputWatch) = (nil, nil, nil)
    exchange?.abandon()
    exchange = nil
    unsafe loop.forget(Key(handle))
  }
}

// What an exchange asks of its connection.
extension ServerConnection {
  func begin(_ request: UnsafeMutablePointer<evhttp_request>) -> Exchange {
    requestBegan = nil
    let exchange = unsafe Exchange(request, on: self, loop)
    self.exchange = exchange
    return exchange
  }

  func ended() {
    exchange = nil
    let waiting = unsafe evbuffer_get_length(bufferevent_get_input(buffer))
    if waiting > 0 { requestBegan = loop.tick } else { expectHead() }  // Else it was sent ahead.
  }

  /// Keeps reading while an answer is awaited or streamed, only to learn that the client left: nobody
  /// parses what comes, and no read timeout runs.
  func watchForDeparture() {
    var onWrite: bufferevent_data_cb?
    var onEvent: bufferevent_event_cb?
    var argument: UnsafeMutableRawPointer?
    unsafe bufferevent_getcb(buffer, nil, &onWrite, &onEvent, &argument)
    unsafe bufferevent_setcb(buffer, nil, onWrite, onEvent, argument)
    var idle = timeval(loop.configuration.idleTimeout)
    unsafe bufferevent_set_timeouts(buffer, nil, &idle)
    unsafe bufferevent_enable(buffer, Int16(EV_READ))
  }

  /// Undoes the timeouts of `watchForDeparture`.
  func restoreTimeouts() {
    var idle = timeval(loop.configuration.idleTimeout)
    unsafe bufferevent_set_timeouts(buffer, &idle, &idle)
  }
}
