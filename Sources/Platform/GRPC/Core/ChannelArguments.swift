import CGRPC
import Foundation

/// The settings that a server or a channel is created with.
@safe struct ChannelArguments {
  private enum Value {
    case number(Int)
    case text(String)
  }

  private var values: [(key: String, value: Value)] = []

  mutating func set(_ key: String, _ number: Int) {
    values.append((key, .number(number)))
  }

  mutating func set(_ key: String, _ text: String) {
    values.append((key, .text(text)))
  }

  mutating func setMilliseconds(_ key: String, _ duration: Duration) {
    set(key, duration.wholeMilliseconds)
  }

  /// What both sides want: pings that find a dead peer, bounded messages and headers, no surprises.
  mutating func setCommon(keepalive: GRPCKeepalive, maxMessage: Int, maxMetadata: Int) {
    setMilliseconds(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive.interval)
    setMilliseconds(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive.timeout)
    set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1)
    set(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0)
    set(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, maxMessage)
    set(GRPC_ARG_MAX_METADATA_SIZE, maxMetadata)
    set(GRPC_ARG_ENABLE_CHANNELZ, 0)
    setCompressionOff()
    setFixedWindow()
  }

  /// What a stream may have on its way before its messages are read: enough for 2.5 MB/s over a line
  /// of 100 ms. gRPC's own estimate grows without a useful limit while a slow reader lags behind.
  private mutating func setFixedWindow() {
    set(GRPC_ARG_HTTP2_BDP_PROBE, 0)
    set(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 256 << 10)
  }

  /// A few compressed kilobytes can unfold into gigabytes, past the limit on messages.
  private mutating func setCompressionOff() {
    set(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1 << Int(GRPC_COMPRESS_NONE.rawValue))
    set(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0)
    set(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0)
  }

  /// Lends the settings to a C function, which copies what it keeps.
  func withCore<Result>(_ body: (UnsafePointer<grpc_channel_args>) -> Result) -> Result {
    var core = unsafe values.map { key, value in
      var argument = unsafe grpc_arg()
      unsafe argument.key = strdup(key)
      switch value {
      case .number(let number):
        unsafe argument.type = GRPC_ARG_INTEGER
        unsafe argument.value.integer = Int32(clamping: number)
      case .text(let text):
        unsafe argument.type = GRPC_ARG_STRING
        unsafe argument.value.string = strdup(text)
      }
      return unsafe argument
    }
    defer {
      for index in unsafe core.indices {
        unsafe free(core[index].key)
        if unsafe core[index].type == GRPC_ARG_STRING { unsafe free(core[index].value.string) }
      }
    }
    return unsafe core.withUnsafeMutableBufferPointer { core in
      var arguments = unsafe grpc_channel_args(num_args: core.count, args: core.baseAddress)
      return unsafe body(&arguments)
    }
  }
}

/// How often a quiet connection is asked whether it is still there.
package struct GRPCKeepalive: Sendable, Hashable {
  /// How long a connection may be silent before it is pinged.
  package var interval: Duration
  /// How long the answer may take before the connection counts as dead.
  package var timeout: Duration

  /// A dead peer is noticed within eight seconds.
  package init(interval: Duration = .seconds(5), timeout: Duration = .seconds(3)) {
    self.interval = interval
    self.timeout = timeout
  }
}

extension Duration {
  /// Rounded up, so that a short wait does not become none.
  var wholeMilliseconds: Int {
    let (seconds, attoseconds) = components
    let limit = Int64(Int32.max)
    guard seconds < limit / 1000 else { return Int(limit) }
    let fraction: Int64 = 1_000_000_000_000_000
    return max(0, Int(seconds * 1000 + (attoseconds + fraction - 1) / fraction))
  }
}
