internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Calls `action` on the first `SIGTERM` or `SIGINT`; the second one ends the process at once.
///
/// It works on a queue of its own, so that handlers which block their threads cannot hold it up.
final class SignalWatch: Sendable {
  private static let signals = [SIGTERM, SIGINT]
  private let sources = Mutex<[any DispatchSourceSignal]>([])

  init(_ action: @escaping @Sendable () -> Void) {
    let queue = DispatchQueue(label: "tompion.signals")
    for number in Self.signals {
      // Not ignored meanwhile, or one that comes before Dispatch has its handler in place were lost.
      sources.withLock { sources in
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler { [weak self] in
          self?.end()
          action()
        }
        source.resume()
        sources.append(source)
      }
    }
  }

  /// Gives the signals their usual meaning back. Idempotent.
  func end() {
    let wasWatching = sources.withLock { sources in
      for source in sources { source.cancel() }
      defer { sources = [] }
      return !sources.isEmpty
    }
    guard wasWatching else { return }
    for number in Self.signals { _ = signal(number, SIG_DFL) }
  }
}
