import CGRPC

extension grpc_slice {
  /// A slice with a copy of `bytes`. The caller lets go of it with `grpc_slice_unref`.
  init(copying bytes: UnsafeRawBufferPointer) {
    unsafe self = grpc_slice_from_copied_buffer(bytes.baseAddress, bytes.count)
  }

  /// A slice with the UTF-8 of `text`. The caller lets go of it with `grpc_slice_unref`.
  init(copying text: String) {
    var text = text
    unsafe self = text.withUTF8 { unsafe grpc_slice(copying: UnsafeRawBufferPointer($0)) }
  }

  /// Its bytes, for the length of `body` only.
  func withBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    unsafe withUnsafePointer(to: self) { slice in
      let bytes = unsafe UnsafeRawBufferPointer(
        start: tompion_slice_start(slice),
        count: tompion_slice_length(slice)
      )
      return unsafe body(bytes)
    }
  }

  /// Its bytes as text; what is not UTF-8 is replaced.
  var text: String {
    unsafe withBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
