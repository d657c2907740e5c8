/// Tells when something was committed.
package protocol EventSource: Sendable {
  /// One element, at least, after each commit; it ends when the server stops.
  ///
  /// The journal of the store says what changed; a wake-up only saves waiting.
  func wakeUps() -> AsyncStream<Void>
}

extension EventHub: EventSource {}
