import Synchronization

/// Carries one streamed answer from the client's thread to the task that reads it.
final class BodyChannel: Sendable {
  struct Head: Sendable {
    let status: Int
    let headers: HTTPHeaders
  }

  typealias HeadResult = Result<Head, HTTPClientError>
  typealias ChunkResult = Result<[UInt8]?, HTTPClientError>
  private typealias Reader = CheckedContinuation<ChunkResult, Never>

  /// How much may wait to be read before the transfer is paused, in bytes.
  static let limit = 256 << 10

  private struct State {
    var head: Head?
    var chunks: [[UInt8]] = []
    var waiting = 0
    var isPaused = false
    var end: Result<Void, HTTPClientError>?
    var headReader: CheckedContinuation<HeadResult, Never>?
    var reader: Reader?
  }

  private let state = Mutex(State())
  private let resume: @Sendable () -> Void

  /// `resume` is called when a paused transfer has room again.
  init(resume: @escaping @Sendable () -> Void) {
    self.resume = resume
  }

  /// Waits for status and headers.
  func head() async -> HeadResult {
    await withCheckedContinuation { reader in
      let result: HeadResult? = state.withLock { state in
        if let head = state.head { return .success(head) }
        if case .failure(let error) = state.end { return .failure(error) }
        state.headReader = reader
        return nil
      }
      if let result { reader.resume(returning: result) }
    }
  }

  /// Waits for all that has arrived since the last call; `nil` is the end.
  func next() async -> ChunkResult {
    await withCheckedContinuation { reader in
      let (result, hasRoom) = state.withLock { state -> (ChunkResult?, Bool) in
        if !state.chunks.isEmpty {
          let chunk = state.chunks.dropFirst().reduce(into: state.chunks[0]) { $0 += $1 }
          state.chunks = []
          state.waiting = 0
          defer { state.isPaused = false }
          return (.success(chunk), state.isPaused)
        }
        if let end = state.end { return (end.map { nil }, false) }
        precondition(state.reader == nil, "a body is read by one task")
        state.reader = reader
        return (nil, false)
      }
      if hasRoom { resume() }
      if let result { reader.resume(returning: result) }
    }
  }
}

// The client's thread.
extension BodyChannel {
  func deliver(_ head: Head) {
    let reader = state.withLock { state in
      state.head = head
      return state.headReader.take()
    }
    reader?.resume(returning: .success(head))
  }

  /// `false` when the piece was not taken: the transfer pauses, and the piece comes again.
  func offer(_ chunk: UnsafeRawBufferPointer) -> Bool {
    let chunk = unsafe Array(chunk)
    let (isTaken, reader) = state.withLock { state -> (Bool, Reader?) in
      if let reader = state.reader.take() { return (true, reader) }
      guard state.waiting < Self.limit else {
        state.isPaused = true
        return (false, nil)
      }
      state.waiting += chunk.count
      state.chunks.append(chunk)
      return (true, nil)
    }
    reader?.resume(returning: .success(chunk))
    return isTaken
  }

  func finish(_ end: Result<Void, HTTPClientError>) {
    let (headReader, reader) = state.withLock { state in
      state.end = state.end ?? end
      return (state.headReader.take(), state.reader.take())
    }
    if case .failure(let error) = end { headReader?.resume(returning: .failure(error)) }
    reader?.resume(returning: end.map { nil })
  }
}
