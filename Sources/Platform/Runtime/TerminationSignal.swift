import Dispatch

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Suspends until the process receives `SIGTERM` or `SIGINT`; a second one ends the process at once.
@Sendable package func terminationSignal() async {
  let (signals, received) = AsyncStream.makeStream(
    of: Void.self,
    bufferingPolicy: .bufferingNewest(1)
  )
  let sources = [SIGTERM, SIGINT].map { number in
    _ = signal(number, SIG_IGN)  // Dispatch delivers it instead.
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler { received.yield() }
    source.resume()
    return source
  }
  for await _ in signals { break }
  for (source, number) in zip(sources, [SIGTERM, SIGINT]) {
    source.cancel()
    _ = signal(number, SIG_DFL)
  }
}
