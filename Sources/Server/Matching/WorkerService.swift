import Engine
package import PlatformGRPC
import Synchronization
import Wire

/// `tompion.worker.v1.WorkerService`: the streams of the workers.
package enum WorkerService {
  /// The methods to serve. `authorize` says whether a stream with this token may be opened.
  package static func methods(
    dispatcher: Dispatcher,
    authorize: @escaping @Sendable (String?) -> Bool
  ) -> [GRPCMethod] {
    [
      .bidirectional("/tompion.worker.v1.WorkerService/Connect") { stream throws(GRPCStatus) in
        guard authorize(stream.metadata["authorization"]) else {
          throw GRPCStatus(
            .unauthenticated,
            "a token is expected: authorization: Bearer TOKEN"
          )
        }
        return WorkerStream(stream, dispatcher)
      }
    ]
  }
}

/// One stream of one worker: decodes what comes in and writes what waits.
private final class WorkerStream: GRPCStreamHandler, Dispatcher.Stream {
  private let stream: GRPCServerStream
  private let dispatcher: Dispatcher
  /// Known after the first message was seen.
  private let session = Mutex<(id: Dispatcher.SessionID, isGreeted: Bool)?>(nil)

  init(_ stream: GRPCServerStream, _ dispatcher: Dispatcher) {
    self.stream = stream
    self.dispatcher = dispatcher
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    do throws(WireError) {
      let message = try unsafe FromWorker(decoding: bytes)
      try checkOrder(message)
      dispatcher.received(message, on: identify(), peer: stream.peer)
    } catch {
      stream.abort(GRPCStatus(.invalidArgument, error.description))
    }
  }

  /// The first message is Hello, and no other is.
  private func checkOrder(_ message: FromWorker) throws(WireError) {
    let isGreeted = session.withLock { $0?.isGreeted ?? false }
    guard (message.hello != nil) != isGreeted else {
      throw WireError("hello", isGreeted ? .outOfRange : .missing)
    }
  }

  private func identify() -> Dispatcher.SessionID {
    if let known = session.withLock(\.self) { return known.id }
    let id = dispatcher.open(self)
    session.withLock { $0 = (id, true) }
    return id
  }

  func nextMessage() -> [UInt8]? {
    guard let id = session.withLock(\.self)?.id else { return nil }
    return dispatcher.nextMessage(id)?.encoded()
  }

  func receivedEnd() {
    stream.finish(.ok)
  }

  func closed(_ status: GRPCStatus) {
    guard let id = session.withLock(\.self)?.id else { return }
    dispatcher.closed(id)
  }

  // MARK: Dispatcher.Stream

  func wake() {
    stream.wantsToSend()
  }

  func close(_ reason: Dispatch.CloseReason) {
    switch reason {
    case .replaced: stream.finish(GRPCStatus(.aborted, "a newer stream of this process took over"))
    case .tooSlow: stream.abort(GRPCStatus(.resourceExhausted, "the worker reads too slowly"))
    case .refused: stream.finish(.ok)
    case .draining: stream.finish(GRPCStatus(.unavailable, "the server is going away"))
    case .unstored:
      stream.abort(GRPCStatus(.unavailable, "the store takes no reports now; come back with them"))
    case .leaseLost: stream.finish(GRPCStatus(.unavailable, "the lease of the worker ended"))
    }
  }
}
