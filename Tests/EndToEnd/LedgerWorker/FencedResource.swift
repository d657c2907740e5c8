import Foundation
import Synchronization
import Tompion

/// The client's side of the resource in `fence.py`: it takes a write unless a larger epoch was there.
final class FencedResource: Sendable {
  private let connection: Mutex<FileHandle>

  /// Connects to the resource on loopback.
  init(port: UInt16) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, size)
      }
    }
    guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
    connection = Mutex(FileHandle(fileDescriptor: descriptor, closeOnDealloc: true))
  }

  /// Writes as `run`; false when a later run has been there.
  func write(_ run: TaskInfo) throws -> Bool {
    let slot = run.taskID.filter { $0 != "-" } + "/\(run.shardIndex)"
    return try connection.withLock { connection in
      try connection.write(contentsOf: Data("\(slot) \(run.fencingEpoch)\n".utf8))
      guard let answer = try connection.read(upToCount: 1) else { throw POSIXError(.ECONNRESET) }
      return answer == Data("1".utf8)
    }
  }
}
