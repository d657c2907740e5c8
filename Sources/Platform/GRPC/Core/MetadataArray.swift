import CGRPC

/// Where gRPC puts the metadata it receives. The entries belong to the call, the array to us.
@safe struct MetadataArray: ~Copyable {
  private let cell: Cell<grpc_metadata_array>

  init() {
    unsafe cell = Cell(grpc_metadata_array())
    unsafe grpc_metadata_array_init(cell.address)
  }

  deinit { unsafe grpc_metadata_array_destroy(cell.address) }

  var address: UnsafeMutablePointer<grpc_metadata_array> { unsafe cell.address }

  /// Moves what arrived into an array of its own, leaving this one empty for the next call.
  func take() -> MetadataArray {
    let taken = MetadataArray()
    unsafe swap(&taken.cell.address.pointee, &cell.address.pointee)
    return taken
  }

  /// A copy of what arrived. The call must still be there.
  func read() -> GRPCMetadata {
    var metadata = GRPCMetadata()
    let received = unsafe cell.value
    let list = unsafe UnsafeBufferPointer(start: received.metadata, count: received.count)
    for index in list.indices {
      let entry = unsafe list[index]
      unsafe metadata.appendAllowed(entry.key.text, entry.value.withBytes { unsafe Array($0) })
    }
    return metadata
  }
}

/// Metadata on its way out, kept until the operation that sends it has completed.
@safe final class OutgoingMetadata: @unchecked Sendable {
  let entries: UnsafeMutableBufferPointer<grpc_metadata>

  /// `nil` when there is nothing to send.
  init?(_ metadata: GRPCMetadata) {
    guard !metadata.isEmpty else { return nil }
    unsafe entries = .allocate(capacity: metadata.entries.count)
    for (index, entry) in metadata.entries.enumerated() {
      var sent = unsafe grpc_metadata()
      unsafe sent.key = grpc_slice(copying: entry.key)
      unsafe sent.value = entry.value.withUnsafeBytes { unsafe grpc_slice(copying: $0) }
      unsafe entries.initializeElement(at: index, to: sent)
    }
  }

  deinit {
    for index in unsafe entries.indices {
      unsafe grpc_slice_unref(entries[index].key)
      unsafe grpc_slice_unref(entries[index].value)
    }
    unsafe entries.deallocate()
  }
}
