import CGRPC
import Synchronization

/// A channel of gRPC core and the calls that are open on it.
final class ChannelCore: Sendable {
  private struct State {
    var channel: ChannelHandle
    var open: [ObjectIdentifier: CallHandle] = [:]
  }

  private let queue: CompletionQueue
  private let state: Mutex<State>

  init(target: String, _ configuration: GRPCChannelConfiguration) {
    queue = ClientQueue.shared()
    state = Mutex(State(channel: ChannelHandle(target: target, configuration)))
  }

  /// Begins a call. Whoever gets it says `ended` when it is over.
  func begin(_ path: String, timeout: Duration?) -> CallHandle {
    let channel = state.withLock { $0.channel }
    let call = channel.call(path, on: queue, timeout: timeout)
    let isClosed = state.withLock { state in
      state.open[ObjectIdentifier(call)] = call
      return state.channel !== channel
    }
    if isClosed { call.cancel(Self.closed) }
    return call
  }

  func ended(_ call: CallHandle) {
    _ = state.withLock { $0.open.removeValue(forKey: ObjectIdentifier(call)) }
  }

  func close() {
    let lame = ChannelHandle(failing: Self.closed, library: queue.library)
    let (open, _) = state.withLock { state in
      defer { state.channel = lame }
      return (state.open.values.map { $0 }, state.channel)  // Destroyed outside the lock.
    }
    for call in open { call.cancel(Self.closed) }
  }

  private static let closed = GRPCStatus(.unavailable, "the channel is closed")
}

/// The queue that all channels of this process share, for as long as there are any.
private enum ClientQueue {
  private struct Held {
    weak var queue: CompletionQueue?
  }

  private static let held = Mutex(Held())

  static func shared() -> CompletionQueue {
    held.withLock { held in
      if let queue = held.queue { return queue }
      let queue = CompletionQueue(name: "tompion.client")
      held.queue = queue
      return queue
    }
  }
}

/// One channel of gRPC core, destroyed with its last holder.
@safe final class ChannelHandle: @unchecked Sendable {
  private let raw: OpaquePointer
  private let library: GRPCLibrary

  init(target: String, _ configuration: GRPCChannelConfiguration) {
    library = GRPCLibrary()
    guard let credentials = ChannelCredentials(configuration.tls) else {
      unsafe raw = Self.lame(GRPCStatus(.unavailable, "the certificates cannot be used"))
      return
    }
    let secret = unsafe credentials.raw
    unsafe raw = configuration.arguments.withCore { unsafe grpc_channel_create(target, secret, $0) }
  }

  /// A channel on which every call ends with `status`.
  init(failing status: GRPCStatus, library: GRPCLibrary) {
    self.library = library
    unsafe raw = Self.lame(status)
  }

  deinit { unsafe grpc_channel_destroy(raw) }

  func call(_ path: String, on queue: CompletionQueue, timeout: Duration?) -> CallHandle {
    let path = unsafe grpc_slice(copying: path)
    defer { unsafe grpc_slice_unref(path) }
    let deadline = gpr_timespec(after: timeout)
    let call = unsafe grpc_channel_create_call(
      raw,
      nil,
      0xFFFF,
      queue.raw,
      path,
      nil,
      deadline,
      nil
    )
    guard let call = unsafe call else { preconditionFailure("gRPC always creates a call") }
    return unsafe CallHandle(owning: call, library: library)
  }

  private static func lame(_ status: GRPCStatus) -> OpaquePointer {
    let code = status.code.core
    return unsafe grpc_lame_client_channel_create("closed", code, status.message)
  }
}
