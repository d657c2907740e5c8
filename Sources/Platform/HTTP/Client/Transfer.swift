import CCurl

/// One request on its way: what was asked, what has come back, and who waits for it.
///
/// After `init` it belongs to the client's thread; others only hand it back to that thread.
@safe final class Transfer: @unchecked Sendable {
  /// Who gets the answer.
  enum Receiver: Sendable {
    case whole(CheckedContinuation<Result<HTTPClientResponse, HTTPClientError>, Never>)
    case stream(BodyChannel)
  }

  /// Tells running transfers apart: the address of the easy handle.
  struct Key: Hashable {
    private let bits: Int

    init(_ easy: UnsafeMutableRawPointer) {
      bits = Int(bitPattern: easy)
    }
  }

  let request: HTTPClientRequest
  /// When a streamed answer without a head is given up; `nil` once the head is there.
  private(set) var headDeadline: ContinuousClock.Instant?

  private let destination: Destination
  private let isStreamed: Bool
  private let maxBytes: Int
  private var handle: EasyHandle?
  private var receiver: Receiver?
  private var isCancelled = false
  private var parser = ResponseHeadParser()
  private var body: [UInt8] = []
  private var failure: HTTPClientError?

  init(
    _ request: HTTPClientRequest,
    isStreamed: Bool,
    _ configuration: HTTPClient.Configuration
  ) throws(HTTPClientError) {
    destination = try Destination(request.url)
    let bad = request.headers.fields.first { !$0.isSendable }
    if let bad {
      let message =
        "the header field \(bad.name.debugDescription) for \(destination) cannot be sent"
      throw HTTPClientError(code: .badRequest, message: message)
    }
    self.request = request
    self.isStreamed = isStreamed
    maxBytes = configuration.maxResponseBytes
  }

  /// Starts on `multi`; `nil` when it was cancelled before or could not start, and is over.
  func begin(
    _ receiver: Receiver,
    on multi: UnsafeMutableRawPointer?,
    _ configuration: HTTPClient.Configuration
  ) -> Key? {
    self.receiver = receiver
    guard !isCancelled else { return abort(cancelled()) }
    let me = unsafe Unmanaged.passUnretained(self).toOpaque()
    let handle = unsafe EasyHandle(
      for: request,
      isStreamed: isStreamed,
      configuration,
      onHeader: { unsafe Transfer.at($3)?.received(header: $0, $1 * $2) ?? 0 },
      onBody: { unsafe Transfer.at($3)?.received(body: $0, $1 * $2) ?? 0 },
      me
    )
    guard let handle, unsafe handle.add(to: multi) else {
      return abort(error(for: CURLE_FAILED_INIT))
    }
    self.handle = handle
    if isStreamed, let timeout = request.timeout { headDeadline = .now + timeout }
    return handle.key
  }

  private func abort(_ error: HTTPClientError?) -> Key? {
    deliver(.failure(error ?? cancelled()))
    return nil
  }

  /// Ends with `error`, or well when that is `nil`, and tells the receiver; `nil` when not running.
  func end(_ error: HTTPClientError?, on multi: UnsafeMutableRawPointer?) -> Key? {
    isCancelled = true
    guard let handle else { return nil }
    unsafe handle.remove(from: multi)
    self.handle = nil
    headDeadline = nil
    deliver(error.map { .failure(failure ?? $0) } ?? .success(()))
    return handle.key
  }

  /// Turns down a transfer that never started.
  func refuse(_ receiver: Receiver) {
    self.receiver = receiver
    _ = abort(cancelled())
  }

  /// Lets a paused transfer go on.
  func resume() {
    handle?.resume()
  }

  private func deliver(_ end: Result<Void, HTTPClientError>) {
    defer { receiver = nil }
    switch receiver {
    case .whole(let continuation):
      let response = end.map { [parser, body] in
        HTTPClientResponse(status: parser.status, headers: parser.headers, body: body)
      }
      continuation.resume(returning: response)
    case .stream(let channel):
      channel.finish(end)
    case nil:
      break
    }
  }
}

// What libcurl calls, on the client's thread. Returning anything but the size ends the transfer.
extension Transfer {
  private static func at(_ argument: UnsafeMutableRawPointer?) -> Transfer? {
    guard let argument = unsafe argument else { return nil }
    return unsafe Unmanaged<Transfer>.fromOpaque(argument).takeUnretainedValue()
  }

  private func received(header: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
    switch unsafe parser.take(UnsafeRawBufferPointer(start: header, count: size)) {
    case .more:
      return size
    case .complete:
      headDeadline = nil
      if case .stream(let channel) = receiver {
        channel.deliver(BodyChannel.Head(status: parser.status, headers: parser.headers))
      }
      return size
    case .tooLarge:
      failure = tooLarge("header", ResponseHeadParser.limit)
      return 0
    }
  }

  private func received(body data: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
    let piece = unsafe UnsafeRawBufferPointer(start: data, count: size)
    if case .stream(let channel) = receiver {
      return unsafe channel.offer(piece) ? size : Int(CURL_WRITEFUNC_PAUSE)
    }
    guard body.count + size <= maxBytes else {
      failure = tooLarge("body", maxBytes)
      return 0
    }
    unsafe body.append(contentsOf: piece)
    return size
  }
}

// Why it went wrong.
extension Transfer {
  func cancelled() -> HTTPClientError {
    HTTPClientError(code: .cancelled, message: "the request to \(destination) was cancelled")
  }

  private func tooLarge(_ part: String, _ limit: Int) -> HTTPClientError {
    let message = "the answer of \(destination) has a \(part) of more than \(limit) bytes"
    return HTTPClientError(code: .tooLarge, message: message)
  }

  /// `nil` when all went well.
  func error(for result: CURLcode) -> HTTPClientError? {
    let code: HTTPClientError.Code
    switch result {
    case CURLE_OK: return nil
    case CURLE_FILESIZE_EXCEEDED: return tooLarge("body", maxBytes)
    case CURLE_OPERATION_TIMEDOUT: code = .timedOut
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: code = .badURL
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
      CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION:
      code = .cannotConnect
    default: code = .protocol
    }
    let reason = unsafe String(cString: curl_easy_strerror(result))
    return HTTPClientError(code: code, message: "the request to \(destination) failed: \(reason)")
  }
}
