import Glibc
import PlatformRuntime

/// A bare socket, for saying things no honest client says. It blocks, but only a thread of its own.
actor RawClient {
  private let socket: Int32
  private let executor = BlockingExecutor(label: "raw-client")

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  init(port: UInt16, receiveBuffer: Int32? = nil) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var size = receiveBuffer {
      unsafe setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    let length = socklen_t(MemoryLayout<timeval>.size)
    unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, length)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw Refused() }
  }

  struct Refused: Error {}

  deinit { _ = Glibc.close(socket) }

  /// Whether all of it was taken by the system.
  @discardableResult func send(_ text: String) -> Bool {
    send(Array(text.utf8))
  }

  @discardableResult func send(_ bytes: [UInt8]) -> Bool {
    let sent = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    return sent == bytes.count
  }

  /// At most `limit` bytes; empty at the end, on an error, or after ten seconds.
  func receive(_ limit: Int = 65_536) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      count = unsafe max(0, recv(socket, buffer.baseAddress, limit, 0))
    }
  }

  /// Everything until the server closes.
  func receiveAll() -> String {
    var all: [UInt8] = []
    while true {
      let more = receive()
      if more.isEmpty { return String(decoding: all, as: UTF8.self) }
      all += more
    }
  }

  /// Everything until `text` has come, or the server closes.
  func receive(until text: String) -> String {
    var all = ""
    while !all.contains(text) {
      let more = receive()
      if more.isEmpty { break }
      all += String(decoding: more, as: UTF8.self)
    }
    return all
  }

  /// Ends both directions; the server sees the end of the stream.
  nonisolated func close() {
    _ = shutdown(socket, Int32(SHUT_RDWR))
  }
}
