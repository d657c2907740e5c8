import Dispatch
import Glibc
import PlatformRuntime

/// A bare socket that says one thing, and waits for the other side to hang up.
enum RawConnection {
  /// Sends `bytes`, then that nothing follows, and reads until the server closes the connection.
  ///
  /// Throws when it does not within `patience`. An answer without an end, as a stream of events, need
  /// only have begun.
  static func send(_ bytes: [UInt8], to port: UInt16, patience: Duration) async throws {
    // It blocks, so it gets a thread that nobody else waits for.
    let outcome = await withCheckedContinuation { done in
      DispatchQueue.global().async { done.resume(returning: exchange(bytes, port, patience)) }
    }
    try demand(outcome != .refused, "the server takes no connection")
    try demand(outcome != .silent, "the server neither answered nor hung up within \(patience)")
  }

  private enum Outcome {
    case refused, silent, answered, closed
  }

  private static func exchange(_ bytes: [UInt8], _ port: UInt16, _ patience: Duration) -> Outcome {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    guard connect(socket, to: port, patience) else { return .refused }
    // The server may hang up in the middle; what it says then is read all the same.
    _ = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    shutdown(socket, Int32(SHUT_WR))
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var hasAnswer = false
    while true {
      let count = unsafe recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else {
        let isOver = count == 0 || errno == ECONNRESET
        return isOver ? .closed : hasAnswer ? .answered : .silent
      }
      hasAnswer = true
    }
  }

  private static func connect(_ socket: Int32, to port: UInt16, _ patience: Duration) -> Bool {
    var limit = (seconds: Int(patience.components.seconds), microseconds: 0)  // A `timeval`.
    let length = socklen_t(MemoryLayout.size(ofValue: limit))
    unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, length)
    unsafe setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, length)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
