package import Engine

/// One instant on both clocks: the monotonic one measures, the wall clock is written down.
package struct Moment: Sendable {
  /// Since some fixed instant; it runs during suspend and is never set.
  package var monotonic: Duration
  package var wall: Timestamp

  package init(monotonic: Duration, wall: Timestamp) {
    self.monotonic = monotonic
    self.wall = wall
  }
}
