/// Where the texts and blobs bound to one statement stay until they are bound anew.
///
/// SQLite can copy what it is given (`SQLITE_TRANSIENT`, an allocation for every value) or rely on
/// the caller's memory outliving the statement's run (`SQLITE_STATIC`), which a Swift string does
/// not promise. So each parameter has a block of its own that is copied into and kept: safe for as
/// long as the statement lives, and free of allocation once the blocks have grown.
@safe struct ParameterMemory: ~Copyable {
  /// The longest value kept here, in bytes. Longer ones are rare, and SQLite may copy them.
  static let longestValue = 4096

  private let blocks: UnsafeMutableBufferPointer<UnsafeMutableRawBufferPointer>

  init(count: Int) {
    unsafe blocks = .allocate(capacity: count)
    unsafe blocks.initialize(repeating: UnsafeMutableRawBufferPointer(start: nil, count: 0))
  }

  deinit {
    for position in unsafe blocks.indices { unsafe blocks[position].deallocate() }
    unsafe blocks.deallocate()
  }

  /// Copies `bytes` to the block of parameter `index`, counted from 1, and returns where they are.
  ///
  /// `nil` when they are too long to be kept, or when there is no such parameter.
  func keep(_ bytes: UnsafeRawBufferPointer, at index: Int) -> UnsafeRawPointer? {
    let count = unsafe blocks.count
    guard bytes.count <= Self.longestValue, index >= 1, index <= count else { return nil }
    if unsafe blocks[index - 1].count < max(bytes.count, 1) { grow(index - 1, to: bytes.count) }
    guard let block = unsafe blocks[index - 1].baseAddress else { return nil }
    if let source = bytes.baseAddress {
      unsafe block.copyMemory(from: source, byteCount: bytes.count)
    }
    return UnsafeRawPointer(block)
  }

  /// Doubles from 32 bytes. What SQLite still holds of the old block is replaced by the bind that
  /// follows, before anything can read it.
  private func grow(_ position: Int, to size: Int) {
    var capacity = 32
    while capacity < size { capacity *= 2 }
    unsafe blocks[position].deallocate()
    unsafe blocks[position] = .allocate(byteCount: capacity, alignment: 8)
  }
}
