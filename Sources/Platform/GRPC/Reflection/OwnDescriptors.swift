import Foundation

/// The descriptors of the services that this module brings along: health and reflection.
enum OwnDescriptors {
  /// A serialized `google.protobuf.FileDescriptorSet`.
  static var set: [UInt8] { Data(base64Encoded: text).map { [UInt8]($0) } ?? [] }
}
