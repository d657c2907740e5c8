import Synchronization

/// The standard reflection service, from which tools learn what a server can do.
///
/// It answers as `grpc.reflection.v1` and as `grpc.reflection.v1alpha`, which differ in name only.
package struct GRPCReflection: Sendable {
  private let index: DescriptorIndex

  /// Describes the services in `descriptorSets` besides health and reflection themselves.
  ///
  /// Each is a serialized `google.protobuf.FileDescriptorSet` that has all its imports, such as
  /// `protoc --descriptor_set_out=FILE --include_imports` writes.
  ///
  /// - Throws: `invalidArgument` when one of them is something else.
  package init(descriptorSets: [[UInt8]]) throws(GRPCStatus) {
    var index = DescriptorIndex()
    do throws(WireReader.Malformed) {
      for set in descriptorSets + [OwnDescriptors.set] { try index.add(set) }
    } catch {
      throw GRPCStatus(.invalidArgument, "not a serialized google.protobuf.FileDescriptorSet")
    }
    self.index = index
  }

  /// The methods of both versions, for a server to answer.
  package var methods: [GRPCMethod] {
    ["v1", "v1alpha"].map { version in
      .bidirectional("/grpc.reflection.\(version).ServerReflection/ServerReflectionInfo") {
        stream in
        ReflectionStream(stream, answer: answer)
      }
    }
  }

  /// The ServerReflectionResponse to a ServerReflectionRequest.
  func answer(_ request: [UInt8]) throws(WireReader.Malformed) -> [UInt8] {
    let fields = try WireReader.fields(of: request[...])
    var response = WireWriter()
    if let host = fields.text(1) { response.write(field: 1, text: host) }
    response.write(field: 2, bytes: request)
    try answer(fields.last { (3...7).contains($0.field) }, in: &response)
    return response.bytes
  }

  private func answer(
    _ question: (field: Int, value: WireReader.Value)?,
    in response: inout WireWriter
  ) throws(WireReader.Malformed) {
    switch question {
    case (3, let value)?:
      response.write(files: value.text.flatMap(index.files(withName:)), for: value.text)
    case (4, let value)?:
      response.write(files: value.text.flatMap(index.files(declaring:)), for: value.text)
    case (5, .bytes(let bytes))?:
      let fields = try WireReader.fields(of: bytes)
      let type = fields.text(1) ?? ""
      let number = fields.number(2) ?? 0
      response.write(files: index.files(extending: type, number: number), for: "\(type):\(number)")
    case (6, let value)?:
      let type = value.text ?? ""
      response.write(extensions: index.extensionNumbers(of: type), of: type)
    case (7, _)?: response.write(services: index.services)
    default: response.write(error: .invalidArgument, "the request asks for nothing")
    }
  }
}

extension WireWriter {
  fileprivate mutating func write(files: [ArraySlice<UInt8>]?, for name: String?) {
    guard let files else { return write(error: .notFound, "\(name ?? "") is not known") }
    var response = WireWriter()
    for file in files { response.write(field: 1, bytes: file) }
    write(field: 4, bytes: response.bytes)
  }

  fileprivate mutating func write(extensions: [UInt64]?, of type: String) {
    guard let extensions else { return write(error: .notFound, "\(type) is not known") }
    var response = WireWriter()
    response.write(field: 1, text: type)
    for number in extensions { response.write(field: 2, varint: number) }
    write(field: 5, bytes: response.bytes)
  }

  fileprivate mutating func write(services: [String]) {
    var response = WireWriter()
    for service in services {
      var named = WireWriter()
      named.write(field: 1, text: service)
      response.write(field: 1, bytes: named.bytes)
    }
    write(field: 6, bytes: response.bytes)
  }

  fileprivate mutating func write(error: GRPCStatus.Code, _ message: String) {
    var response = WireWriter()
    response.write(field: 1, varint: UInt64(error.rawValue))
    response.write(field: 2, text: message.bounded(300))
    write(field: 7, bytes: response.bytes)
  }
}

/// One reflection stream: a request is answered before the next is read.
private final class ReflectionStream: GRPCStreamHandler {
  typealias Answer = @Sendable ([UInt8]) throws(WireReader.Malformed) -> [UInt8]

  private let stream: GRPCServerStream
  private let answer: Answer
  private let response = Mutex<[UInt8]?>(nil)

  init(_ stream: GRPCServerStream, answer: @escaping Answer) {
    self.stream = stream
    self.answer = answer
  }

  func received(_ message: UnsafeRawBufferPointer) {
    do throws(WireReader.Malformed) {
      let answered = try unsafe answer(Array(message))
      response.withLock { $0 = answered }
      stream.pauseReading()
      stream.wantsToSend()
    } catch {
      stream.finish(GRPCStatus(.invalidArgument, "the request is not a ServerReflectionRequest"))
    }
  }

  /// Asked again once the response has left, which is when the next request may come.
  func nextMessage() -> [UInt8]? {
    let next = response.withLock { response in
      defer { response = nil }
      return response
    }
    if next == nil { stream.resumeReading() }
    return next
  }

  func receivedEnd() {
    stream.finish()
  }

  func closed(_ status: GRPCStatus) {}
}
