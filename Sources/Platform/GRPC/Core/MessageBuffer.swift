import CGRPC

/// One message as gRPC carries it, destroyed with its owner.
@safe struct MessageBuffer: ~Copyable {
  let raw: UnsafeMutablePointer<grpc_byte_buffer>

  /// A message to send, with a copy of `bytes`.
  init(copying bytes: UnsafeRawBufferPointer) {
    var slice = unsafe grpc_slice(copying: bytes)
    unsafe raw = grpc_raw_byte_buffer_create(&slice, 1)
    unsafe grpc_slice_unref(slice)
  }

  /// A message to send, with a copy of `bytes`.
  init(copying bytes: [UInt8]) {
    var slice = unsafe bytes.withUnsafeBytes { unsafe grpc_slice(copying: $0) }
    unsafe raw = grpc_raw_byte_buffer_create(&slice, 1)
    unsafe grpc_slice_unref(slice)
  }

  /// Takes over a message that gRPC received.
  init(owning raw: UnsafeMutablePointer<grpc_byte_buffer>) {
    unsafe self.raw = raw
  }

  deinit { unsafe grpc_byte_buffer_destroy(raw) }

  /// The whole message in one piece, for the length of `body` only.
  ///
  /// A message that arrived in several pieces is joined first, which copies it.
  borrowing func withBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    unsafe withReader { reader in
      var first: UnsafeMutablePointer<grpc_slice>?
      let length = unsafe grpc_byte_buffer_length(raw)
      guard length > 0, unsafe grpc_byte_buffer_reader_peek(reader, &first) != 0,
        let first = unsafe first
      else { return unsafe body(UnsafeRawBufferPointer(start: nil, count: 0)) }
      if unsafe tompion_slice_length(first) == length {
        return unsafe body(UnsafeRawBufferPointer(start: tompion_slice_start(first), count: length))
      }
      return unsafe joined(body)
    }
  }

  private borrowing func joined<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    unsafe withReader { reader in
      let whole = unsafe grpc_byte_buffer_reader_readall(reader)
      defer { unsafe grpc_slice_unref(whole) }
      return unsafe whole.withBytes(body)
    }
  }

  private borrowing func withReader<Value>(
    _ body: (UnsafeMutablePointer<grpc_byte_buffer_reader>) -> Value
  ) -> Value {
    var reader = unsafe grpc_byte_buffer_reader()
    guard unsafe grpc_byte_buffer_reader_init(&reader, raw) != 0 else {
      preconditionFailure("gRPC cannot read a buffer of its own")
    }
    defer { unsafe grpc_byte_buffer_reader_destroy(&reader) }
    return unsafe body(&reader)
  }
}
