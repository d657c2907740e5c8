import PlatformGRPC
import Synchronization

/// Unary calls, so many in flight at a time: each that ends begins the next, on the clients' thread.
///
/// Load that is made by tasks would cost the two processors more than the calls do.
final class CallLoad: Sendable {
  /// One kind of call.
  struct Kind: Sendable {
    let path: String
    let request: [UInt8]
  }

  private struct State {
    var toBegin: Int
    var open = 0
    var failure: GRPCStatus?
    var whenDone: CheckedContinuation<Void, Never>?
  }

  private let channel: GRPCChannel
  private let kind: Kind
  private let state: Mutex<State>

  private init(_ channel: GRPCChannel, _ kind: Kind, _ count: Int) {
    self.channel = channel
    self.kind = kind
    state = Mutex(State(toBegin: count))
  }

  /// Makes `count` calls. Throws when one of them failed.
  static func make(
    _ count: Int,
    inFlight: Int,
    _ kind: Kind,
    on channel: GRPCChannel
  ) async throws {
    let load = CallLoad(channel, kind, count)
    await withCheckedContinuation { continuation in
      load.state.withLock { $0.whenDone = continuation }
      for _ in 0..<min(count, inFlight) { load.beginNext() }
    }
    if let failure = load.state.withLock(\.failure) { throw failure }
  }

  private func beginNext() {
    let begins = state.withLock { state in
      guard state.toBegin > 0 else { return false }
      state.toBegin -= 1
      state.open += 1
      return true
    }
    guard begins else { return }
    channel.unary(kind.path, request: kind.request, timeout: .seconds(60)) { self.ended($0) }
  }

  private func ended(_ reply: GRPCReply) {
    if case .failure(let status) = reply.result {
      state.withLock { state in
        state.failure = status
        state.toBegin = 0
      }
    }
    beginNext()
    let whenDone = state.withLock { state in
      state.open -= 1
      guard state.open == 0 else { return nil as CheckedContinuation<Void, Never>? }
      defer { state.whenDone = nil }
      return state.whenDone
    }
    whenDone?.resume()
  }
}
