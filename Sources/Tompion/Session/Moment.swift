package import Engine

/// One moment on both clocks.
package struct Moment: Sendable, Hashable {
  /// Since some fixed point, by a clock that only moves forward, also while the machine sleeps.
  package var elapsed: Duration
  /// By the calendar: for showing, never for deciding.
  package var wall: Timestamp

  package init(elapsed: Duration, wall: Timestamp) {
    self.elapsed = elapsed
    self.wall = wall
  }
}
