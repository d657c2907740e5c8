import ControlAPI
import Engine
import PlatformHTTP
import Store

/// The changes of one namespace as server-sent events, read from the journal as the client takes them.
///
/// A slow client therefore costs no memory. When the journal no longer holds what the client asked for,
/// the first event is a `reset`.
struct EventFeed: AsyncSequence, Sendable {
  private let namespace: String
  private let task: TaskID?
  private let store: any Store
  private let source: any EventSource
  private let position: Int64
  private let isReset: Bool

  /// How long nothing is said before a comment shows that the stream is alive.
  private static let silence: Duration = .seconds(15)
  /// How many changes are read at a time.
  private static let stretch = 500

  init(
    _ request: RouteRequest,
    _ store: any Store,
    _ source: any EventSource
  ) async throws(Problem) {
    namespace = request.namespace
    self.store = store
    self.source = source
    task = try EventFeed.task(of: request)
    let asked = try EventFeed.position(of: request)
    let range: ClosedRange<Int64>?
    do throws(StoreError) {
      range = try await store.journalRange()
    } catch {
      throw Problem(error)
    }
    let newest: Int64
    if let range { newest = range.upperBound } else { newest = await store.status().lastSequence }
    guard let asked else {
      (position, isReset) = (newest, false)
      return
    }
    let oldest = range?.lowerBound ?? newest + 1
    isReset = asked > newest || asked + 1 < oldest
    position = isReset ? Swift.min(oldest - 1, newest) : asked
  }

  private static func task(of request: RouteRequest) throws(Problem) -> TaskID? {
    guard let text = request.query("task") else { return nil }
    guard let uuid = UUIDv7(text) else {
      throw Problem(
        .invalidParameter,
        "task must be a task's identifier, not \"\(text.shortened)\"",
        field: "task"
      )
    }
    return TaskID(uuid)
  }

  /// The sequence to go on after: the header that browsers send counts before the parameter.
  private static func position(of request: RouteRequest) throws(Problem) -> Int64? {
    let header = request.http.headers["Last-Event-ID"].flatMap { $0.isEmpty ? nil : $0 }
    guard let text = header ?? request.query("after") else { return nil }
    guard let position = Int64(text), position >= 0, position < .max else {
      let field = header == nil ? "after" : "Last-Event-ID"
      throw Problem(
        header == nil ? .invalidParameter : .invalidHeader,
        "\(field) must be the sequence of a change, not \"\(text.shortened)\"",
        field: field
      )
    }
    return position
  }

  func makeAsyncIterator() -> Iterator {
    Iterator(feed: self, wakeUps: signals().makeAsyncIterator())
  }

  /// Wake-ups from the source, and one after each silence.
  private func signals() -> AsyncStream<Void> {
    let wakeUps = source.wakeUps()
    let (signals, signal) = AsyncStream.makeStream(
      of: Void.self,
      bufferingPolicy: .bufferingNewest(1)
    )
    // Ends with the stream that it fills: whoever lets go of the feed cancels it.
    let filling = Task {
      await withTaskGroup { group in
        group.addTask { for await _ in wakeUps { signal.yield() } }
        group.addTask {
          while (try? await Task.sleep(for: EventFeed.silence)) != nil { signal.yield() }
        }
        await group.next()
        group.cancelAll()
      }
      signal.finish()
    }
    signal.onTermination = { _ in filling.cancel() }
    return signals
  }

  struct Iterator: AsyncIteratorProtocol {
    private let feed: EventFeed
    private var wakeUps: AsyncStream<Void>.Iterator
    private var position: Int64
    private var hasGreeted = false
    private var isBehind = true
    private var spokeAt = ContinuousClock.now

    fileprivate init(feed: EventFeed, wakeUps: AsyncStream<Void>.Iterator) {
      self.feed = feed
      self.wakeUps = wakeUps
      position = feed.position
    }

    mutating func next() async -> [UInt8]? {
      await next(isolation: nil)
    }

    mutating func next(isolation actor: isolated (any Actor)?) async -> [UInt8]? {
      if !hasGreeted {
        hasGreeted = true
        return greeting
      }
      while !Task.isCancelled {
        if !isBehind {
          guard await wakeUps.next(isolation: actor) != nil else { return nil }
        }
        guard let bytes = await changes() else { return nil }
        let isSilent = spokeAt.duration(to: .now) >= EventFeed.silence
        guard !bytes.isEmpty || isSilent else { continue }
        spokeAt = .now
        return bytes.isEmpty ? ServerSentEvent.keepAlive : bytes
      }
      return nil
    }

    /// Opens the stream at once, so that a client knows it is heard.
    private var greeting: [UInt8] {
      guard feed.isReset, let data = try? JSON.bytes(ResetInfo(after: position)) else {
        return ServerSentEvent.keepAlive
      }
      return ServerSentEvent(
        id: "\(position)",
        event: "reset",
        data: String(decoding: data, as: UTF8.self)
      ).encoded
    }

    /// The next stretch of the journal, those of others left out; `nil` when it cannot be read.
    private mutating func changes() async -> [UInt8]? {
      guard
        let entries = try? await feed.store.changes(after: position, limit: EventFeed.stretch)
      else { return nil }
      isBehind = entries.count >= EventFeed.stretch
      position = entries.last?.sequence ?? position
      var bytes: [UInt8] = []
      for entry in entries where feed.concerns(entry) {
        guard let data = try? JSON.bytes(EventInfo(entry)) else { return nil }
        bytes +=
          ServerSentEvent(
            id: "\(entry.sequence)",
            event: "change",
            data: String(decoding: data, as: UTF8.self)
          ).encoded
      }
      return bytes
    }
  }

  private func concerns(_ entry: JournalEntry) -> Bool {
    entry.template.value.namespace == namespace && (task == nil || entry.slot.task == task)
  }
}
