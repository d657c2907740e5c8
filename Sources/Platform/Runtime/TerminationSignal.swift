import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// `SIGTERM` and `SIGINT`, caught from the moment this is made: none is lost. A second one ends the process
/// at once.
package final class TerminationSignal: Sendable {
  private static let numbers = [SIGTERM, SIGINT]
  private let sources = Mutex<[any DispatchSourceSignal]>([])
  private let signals: AsyncStream<Void>

  /// Suspends until signals are caught; until then they end the process as they usually do.
  package init() async {
    let received: AsyncStream<Void>.Continuation
    (signals, received) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    let (registrations, registered) = AsyncStream.makeStream(of: Void.self)
    for number in Self.numbers {
      // Not ignored meanwhile, or one that comes before Dispatch has its handler in place were lost.
      sources.withLock { sources in
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { received.yield() }
        source.setRegistrationHandler { registered.yield() }
        source.resume()
        sources.append(source)
      }
    }
    for await _ in registrations.prefix(Self.numbers.count) {}
  }

  /// Suspends until one has come, or the calling task is cancelled. Once.
  package func received() async {
    for await _ in signals { break }
    sources.withLock { for source in $0 { source.cancel() } }
    for number in Self.numbers { _ = signal(number, SIG_DFL) }
  }
}
