import CEvent
import Synchronization

/// One request and its answer, from the moment it was read until the last byte left or the client did.
///
/// The loop's thread owns it. A task may hold it to post to the loop and to wait at the gate.
@safe final class Exchange: @unchecked Sendable {
  private let loop: ServerLoop
  private var connection: ServerConnection?
  private var request: UnsafeMutablePointer<evhttp_request>?
  private var task: Task<Void, Never>?
  private var isWatching = false
  private var unflushed = 0
  private let isHead: Bool
  private let gate = StreamGate()

  init(
    _ request: UnsafeMutablePointer<evhttp_request>,
    on connection: ServerConnection,
    _ loop: ServerLoop
  ) {
    unsafe self.request = request
    self.connection = connection
    self.loop = loop
    isHead = unsafe evhttp_request_get_command(request) == EVHTTP_REQ_HEAD
    let me = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe evhttp_request_set_on_complete_cb(request, { unsafe Exchange.at($1)?.completed() }, me)
  }

  private static func at(_ argument: UnsafeMutableRawPointer?) -> Exchange? {
    guard let argument = unsafe argument else { return nil }
    return unsafe Unmanaged<Exchange>.fromOpaque(argument).takeUnretainedValue()
  }

  /// Answers from a task. Nobody awaits it: it ends with its answer, and `abandon` cancels it.
  func start(_ work: @escaping @Sendable () async -> HTTPResponse) {
    watch()
    task = Task {
      let response = await work()
      loop.post(.answer(self, response))
      if case .stream(let chunks) = response.body { await pump(chunks) }
    }
  }

  /// Writes the answer; `closing` ends the connection after it.
  func send(_ response: HTTPResponse, closing: Bool) {
    guard let request = unsafe request else { return }
    let writer = unsafe ResponseWriter(request, isHead: isHead)
    switch response.body {
    case .bytes(let bytes):
      writer.send(response, bytes, closing: closing)
    case .stream where isHead:
      writer.send(response, nil, closing: closing)
    case .stream(let chunks):
      watch()
      writer.start(response, closing: closing)
      // As in `start`: `abandon` cancels it. An answer that came from a task is pumped by that task.
      if task == nil { task = Task { await pump(chunks) } }
    }
  }

  private func watch() {
    guard !isWatching else { return }
    isWatching = true
    connection?.watchForDeparture()
  }

  /// Every byte has left; evhttp frees the request when this returns.
  private func completed() {
    let connection = detach()
    if isWatching { connection?.restoreTimeouts() }
    connection?.ended()
    loop.exchangeEnded()
  }

  /// The connection is going away, the answer unfinished.
  func abandon() {
    // evhttp lets go of a request it has not seen answered; it is then ours to free.
    if let request = unsafe request, unsafe evhttp_request_get_connection(request) == nil {
      unsafe evhttp_request_free(request)
    }
    _ = detach()
    task?.cancel()
    gate.close()
    loop.exchangeEnded()
  }

  private func detach() -> ServerConnection? {
    defer { connection = nil }
    unsafe request = nil
    return connection
  }
}

// A streamed body: the task sends, the loop writes, the gate holds the task back.
extension Exchange {
  private func pump(_ chunks: some AsyncSequence<[UInt8], Never>) async {
    guard !isHead else { return }
    for await chunk in chunks where !chunk.isEmpty {
      let size = chunk.count
      loop.post(.chunk(self, chunk))
      guard await gate.pass(size) else { return }
    }
    loop.post(.end(self))
  }

  func send(chunk: [UInt8]) {
    guard let request = unsafe request, let piece = unsafe evbuffer_new() else { return }
    defer { unsafe evbuffer_free(piece) }
    _ = unsafe chunk.withUnsafeBytes { unsafe evbuffer_add(piece, $0.baseAddress, $0.count) }
    unflushed += chunk.count
    let me = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe evhttp_send_reply_chunk_with_cb(
      request,
      piece,
      { unsafe Exchange.at($1)?.flushed() },
      me
    )
  }

  private func flushed() {
    gate.release(unflushed)
    unflushed = 0
  }

  func end() {
    guard let request = unsafe request else { return }
    unsafe evhttp_send_reply_end(request)
  }
}
