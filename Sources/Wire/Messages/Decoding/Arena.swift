internal import CWire

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The memory of one message while it is read: given out piece by piece, taken back all at once.
///
/// It has a budget, so that a small hostile message cannot ask for much.
@safe struct Arena: ~Copyable {
  private var chunks: [UnsafeMutableRawPointer] = unsafe []
  private var next: UnsafeMutableRawPointer?
  private var left = 0
  private var budget: Int
  private let chunkSize: Int

  /// For a message of `size` bytes. An honest one needs up to a dozen times its size.
  init(messageSize size: Int) {
    budget = 64 << 10 + 16 * size
    chunkSize = min(max(4 << 10, 6 * size), 1 << 20)
  }

  deinit {
    for index in unsafe chunks.indices { unsafe free(chunks[index]) }
  }

  private mutating func take(_ size: Int) -> UnsafeMutableRawPointer? {
    guard size <= budget else { return nil }
    let rounded = (size + 15) & ~15
    if rounded > left, !grow(toHold: rounded) { return nil }
    left -= rounded
    budget -= min(rounded, budget)
    defer { unsafe next = next?.advanced(by: rounded) }
    return unsafe next
  }

  private mutating func grow(toHold size: Int) -> Bool {
    let room = max(size, chunkSize)
    guard let chunk = unsafe malloc(room) else { return false }
    unsafe chunks.append(chunk)
    unsafe next = chunk
    left = room
    return true
  }

  /// Runs `body` with an allocator that takes from here and never gives back.
  mutating func withAllocator<Result, Failure: Error>(
    _ body: (UnsafeMutablePointer<ProtobufCAllocator>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe withUnsafeMutablePointer(to: &self) { arena throws(Failure) in
      var allocator = unsafe ProtobufCAllocator(
        alloc: { data, size in
          unsafe data?.assumingMemoryBound(to: Arena.self).pointee.take(size)
        },
        free: { _, _ in },
        allocator_data: arena
      )
      return try unsafe body(&allocator)
    }
  }
}
