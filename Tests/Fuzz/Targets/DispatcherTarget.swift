import Engine
import Store
import Synchronization
import TompionTesting
import Wire

@testable import Server

extension FuzzTarget {
  static let sessions = [workerSession, dispatcher]

  /// A server whose workers say anything at any time.
  ///
  /// Whatever it is told, what it says is what a worker can read.
  private static let dispatcher = FuzzTarget("dispatcher", longest: 2_048) { input in
    let world = try await MatchingWorld()
    var script = Script(input)
    for _ in 0..<100 {
      guard let step = script.byte() else { break }
      try await world.take(step, &script)
    }
  }
}

/// A dispatcher over a store in memory with ready tasks, and up to four streams.
private final class MatchingWorld: Sendable {
  private let dispatcher: Dispatcher
  private let store: MemoryStore
  private let time = Time()
  private let streams = Mutex<[UInt8: (id: Dispatcher.SessionID, stream: Stream)]>([:])

  init() async throws {
    let time = time
    let clocks = Clocks(wall: { time.wall }, monotonic: { time.elapsed })
    dispatcher = Dispatcher(lease: .seconds(10), clocks: clocks)
    store = MemoryStore(matching: dispatcher) { time.wall }
    dispatcher.attach(store)
    try await Controller(store: store, workers: dispatcher, now: clocks.wall).prepare()
    time.advance(by: .seconds(60))  // Beyond the grace of the start.
    submit(3)
  }

  func take(_ step: UInt8, _ script: inout Script) async throws {
    switch step % 8 {
    case 0, 1, 2: await receive(script.bytes(), on: step / 8 % 4)
    case 3: time.advance(by: .milliseconds(100 * Int(script.byte() ?? 0)))
    case 4: close(step / 8 % 4)
    case 5: submit(1)
    case 6: reap()
    default: dispatcher.retryUnstored()
    }
    try speak()
  }

  private func receive(_ bytes: [UInt8], on key: UInt8) async {
    guard let message = try? unsafe bytes.withUnsafeBytes({ try unsafe FromWorker(decoding: $0) })
    else { return close(key) }
    guard let (id, stream) = stream(key, isGreeting: message.hello != nil) else { return }
    dispatcher.received(message, on: id, peer: "test")
    guard message.hello != nil else { return }
    // Who says hello is answered by a task of its own.
    for _ in 0..<10_000 where !stream.isAnswered { await Task.yield() }
  }

  /// As with a real stream, the first message is a hello and no other is.
  private func stream(
    _ key: UInt8,
    isGreeting: Bool
  ) -> (id: Dispatcher.SessionID, stream: Stream)? {
    streams.withLock { streams in
      guard isGreeting == (streams[key] == nil) else { return nil }
      if let known = streams[key] { return known }
      let stream = Stream()
      let opened = (id: dispatcher.open(stream), stream: stream)
      streams[key] = opened
      return opened
    }
  }

  private func close(_ key: UInt8) {
    guard let (id, _) = streams.withLock({ $0.removeValue(forKey: key) }) else { return }
    dispatcher.closed(id)
  }

  private func submit(_ count: Int) {
    let template = TaskTemplate(namespace: "default", handler: "h")
    let submissions = Array(repeating: Submission(template: template), count: count)
    store.submit(submissions) { _ in }
  }

  private func reap() {
    let overdue = dispatcher.state.withLock { $0.overdue(at: dispatcher.clocks.now) }
    if !overdue.isEmpty { dispatcher.command(overdue) }
    dispatcher.wake()
  }

  private func speak() throws {
    for (key, (id, stream)) in streams.withLock(\.self) {
      for _ in 0..<20 {
        guard let message = dispatcher.nextMessage(id) else { break }
        let bytes = message.encoded()
        let again = try? unsafe bytes.withUnsafeBytes { try unsafe FromServer(decoding: $0) }
        try demand(again == message, "\(message) reads as \(again as Any)")
      }
      if stream.isClosed { close(key) }
    }
  }
}

/// A stream that notes what is asked of it.
private final class Stream: Dispatcher.Stream {
  private let state = Mutex((isWoken: false, isClosed: false))

  func wake() { state.withLock { $0.isWoken = true } }
  func close(_ reason: Dispatch.CloseReason) { state.withLock { $0.isClosed = true } }

  var isAnswered: Bool { state.withLock { $0.isWoken || $0.isClosed } }
  var isClosed: Bool { state.withLock(\.isClosed) }
}

/// Both clocks, which move when told.
private final class Time: Sendable {
  private let passed = Mutex<Duration>(.zero)

  var elapsed: Duration { .seconds(1_000) + passed.withLock(\.self) }
  var wall: Timestamp { Timestamp(seconds: 1_800_000_000) + passed.withLock(\.self) }

  func advance(by step: Duration) { passed.withLock { $0 += step } }
}
