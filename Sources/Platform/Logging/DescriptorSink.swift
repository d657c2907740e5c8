internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Writes each message as one line to a file descriptor, which stays its owner's.
///
/// A line goes out in one `write`, so lines of several processes appending to a file do not mix.
/// Nobody waits long for a reader that does not read: a line that a full pipe refuses for 100 ms is
/// dropped and counted.
package final class DescriptorSink: LogSink {
  private static let patience: Int32 = 100  // Milliseconds.

  private struct State {
    var dropped: UInt64 = 0
    /// Whether the last line got out only in part.
    var isMidLine = false
  }

  private let descriptor: Int32
  private let format: LogFormat
  private let state = Mutex(State())

  /// - Parameter descriptor: 2 is standard error.
  package init(descriptor: Int32 = 2, format: LogFormat) {
    self.descriptor = descriptor
    self.format = format
  }

  /// How many lines could not be written, or not to their end.
  package var droppedLines: UInt64 { state.withLock { $0.dropped } }

  package func write(_ record: LogRecord) {
    let line = format.line(for: record)
    state.withLock { state in
      let text = state.isMidLine ? [UInt8(ascii: "\n")] + line : line
      let written = send(text)
      if written < text.count { state.dropped += 1 }
      if written > 0 { state.isMidLine = written < text.count }
    }
  }

  /// How many of `bytes` got out; all of them unless the descriptor fails or stays full.
  private func send(_ bytes: [UInt8]) -> Int {
    unsafe bytes.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sent...])
        let count = unsafe systemWrite(descriptor, rest.baseAddress, rest.count)
        if count > 0 {
          sent += count
        } else if errno == EAGAIN {
          guard isWritableSoon() else { break }
        } else if errno != EINTR {
          break
        }
      }
      return sent
    }
  }

  private func isWritableSoon() -> Bool {
    var question = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return unsafe poll(&question, 1, Self.patience) > 0
  }
}

/// The system's call, under a name that methods called `write` do not hide.
private func systemWrite(_ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(descriptor, start, count)
}
