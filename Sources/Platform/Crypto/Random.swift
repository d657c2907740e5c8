internal import CSodium
internal import Synchronization

/// Random numbers that cannot be guessed.
package enum Random {
  /// Draws straight from the system: for tokens, keys and whatever else stays secret.
  package static func bytes(_ count: Int) -> [UInt8] {
    Sodium.ready
    var bytes = [UInt8](repeating: 0, count: count)
    unsafe randombytes_buf(&bytes, count)
    return bytes
  }

  /// Draws 128 bits, for identifiers: from a reserve, so that most draws need no system call.
  package static func pair() -> (UInt64, UInt64) {
    reserve.withLock { $0.draw() }
  }

  private static let reserve = Mutex(Reserve())
}

/// Numbers drawn ahead. Those handed out are wiped, so each is given once and then forgotten.
private struct Reserve {
  private static let size = 512
  private var numbers = [UInt64](repeating: 0, count: size)
  private var next = size

  mutating func draw() -> (UInt64, UInt64) {
    if next == Self.size { refill() }
    defer {
      (numbers[next], numbers[next + 1]) = (0, 0)
      next += 2
    }
    return (numbers[next], numbers[next + 1])
  }

  private mutating func refill() {
    Sodium.ready
    unsafe randombytes_buf(&numbers, numbers.count * MemoryLayout<UInt64>.stride)
    next = 0
  }
}
