/// What a slot must know of its task to decide a move.
package struct SlotPolicy: Sendable {
  package var retry: RetryPolicy
  package var atMostOnce: Bool

  package init(retry: RetryPolicy, atMostOnce: Bool) {
    self.retry = retry
    self.atMostOnce = atMostOnce
  }

  /// Hand-overs without a start before a slot counts as undeliverable.
  package static let offers = 20
  /// Lost leases within `crashWindow` before a slot counts as poisoned.
  package static let crashes = 3
  package static let crashWindow: Duration = .seconds(72 * 3600)
}
