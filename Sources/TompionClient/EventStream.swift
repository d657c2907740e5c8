public import ControlAPI
import PlatformHTTP

/// What the event stream of a namespace tells.
public enum WatchedEvent: Sendable, Hashable {
  case change(EventInfo)
  /// Some changes were missed for good: what was read before may be out of date.
  case reset(ResetInfo)
}

extension ControlClient {
  /// Follows every state change after `sequence`, or from now on, and of one task only if it is named.
  ///
  /// A stream that breaks is taken up again where it stopped. It ends with an error when the server
  /// refuses, or cannot be reached for `patience`.
  public func events(
    after sequence: Int64? = nil,
    task: String? = nil,
    patience: Duration = .seconds(60)
  ) -> EventStream {
    EventStream(client: self, position: sequence, task: task, patience: patience)
  }
}

/// State changes as they happen. Each loop over it opens a connection of its own.
public struct EventStream: AsyncSequence, Sendable {
  let client: ControlClient
  let position: Int64?
  let task: String?
  let patience: Duration

  public func makeAsyncIterator() -> Iterator {
    Iterator(stream: self, position: position)
  }

  public struct Iterator: AsyncIteratorProtocol {
    private let stream: EventStream
    private var position: Int64?
    private var body: HTTPBodyStream.Iterator?
    private var parser = ServerSentEventParser()
    private var waiting: [ServerSentEvent] = []
    private var troubleSince: ContinuousClock.Instant?

    fileprivate init(stream: EventStream, position: Int64?) {
      self.stream = stream
      self.position = position
    }

    public mutating func next() async throws -> WatchedEvent? {
      while !Task.isCancelled {
        if !waiting.isEmpty {
          if let event = try take(waiting.removeFirst()) { return event }
          continue
        }
        try await read()
      }
      return nil
    }

    /// Reads on, opening the stream where it must.
    private mutating func read() async throws {
      do {
        if body == nil { try await open() }
        if let bytes = try await body?.next() {
          troubleSince = nil
          waiting = try parser.feed(bytes)
        } else {
          body = nil
          try await pause()
        }
      } catch let error as ControlClientError where error.code == .refused {
        guard error.problem?.code == .unavailable else { throw error }
        try await wait(after: error)
      } catch let error as ControlClientError {
        try await wait(after: error)
      } catch let error as HTTPClientError {
        try await wait(after: ControlClientError(error, stream.client.server))
      }
    }

    private mutating func open() async throws {
      let call = stream.client.call(.get, "events").asking("task", stream.task)
        .header("Last-Event-ID", position.map(String.init))
      let response = try await stream.client.stream(call)
      guard response.status == 200 else {
        var body: [UInt8] = []
        for try await bytes in response.body { body += bytes }
        throw ControlClientError(status: response.status, body: body)
      }
      parser = ServerSentEventParser()
      body = response.body.makeAsyncIterator()
    }

    private mutating func wait(after error: ControlClientError) async throws {
      body = nil
      let since = troubleSince ?? .now
      troubleSince = since
      guard since.duration(to: .now) < stream.patience else { throw error }
      try await pause()
    }

    /// Up to half a second, spread so that many clients do not come back at once.
    private func pause() async throws {
      try await Task.sleep(for: .milliseconds(Int.random(in: 50...500)))
    }

    private mutating func take(_ event: ServerSentEvent) throws -> WatchedEvent? {
      if let sequence = event.id.flatMap({ Int64($0) }) { position = sequence }
      let data = Array(event.data.utf8)
      switch event.event {
      case "change": return .change(try EventInfo.decoded(from: data))
      case "reset": return .reset(try ResetInfo.decoded(from: data))
      default: return nil  // A kind of a later server.
      }
    }
  }
}
