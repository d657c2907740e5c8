/// The body of a streamed answer, in pieces as they arrive. One task reads it, once.
///
/// It throws an `HTTPClientError` when the body breaks off.
package struct HTTPBodyStream: AsyncSequence, Sendable {
  /// Aborts the transfer when nobody can read it any more.
  private final class Lease: Sendable {
    let transfer: Transfer
    let loop: ClientLoop

    init(_ transfer: Transfer, _ loop: ClientLoop) {
      self.transfer = transfer
      self.loop = loop
    }

    deinit { loop.post(.cancel(transfer)) }
  }

  let channel: BodyChannel
  private let lease: Lease

  init(of transfer: Transfer, on loop: ClientLoop) {
    lease = Lease(transfer, loop)
    channel = BodyChannel { [weak lease] in
      guard let lease else { return }
      lease.loop.post(.resume(lease.transfer))
    }
  }

  /// Awaits `wait` and aborts the transfer when the calling task is cancelled meanwhile.
  func untilCancelled<Value: Sendable>(_ wait: () async -> Value) async -> Value {
    await withTaskCancellationHandler {
      await wait()
    } onCancel: {
      lease.loop.post(.cancel(lease.transfer))
    }
  }

  package func makeAsyncIterator() -> Iterator {
    Iterator(stream: self)
  }

  package struct Iterator: AsyncIteratorProtocol {
    fileprivate let stream: HTTPBodyStream

    package mutating func next() async throws -> [UInt8]? {
      try await next(isolation: nil)
    }

    package mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(HTTPClientError) -> [UInt8]? {
      try await stream.untilCancelled { await stream.channel.next() }.get()
    }
  }
}
