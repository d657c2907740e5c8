/// What every simulation must keep, by the numbers of the delivery semantics.
package enum Invariant: String, Sendable, Hashable, CaseIterable {
  /// One trace for each due occurrence.
  case i1 = "I1"
  /// At most one accepted result for each slot.
  case i2 = "I2"
  /// The epochs of a slot strictly increase.
  case i3 = "I3"
  /// Final states never change.
  case i4 = "I4"
  /// Nothing starts before its time.
  case i5 = "I5"
  /// What was acknowledged is there, whatever crashes; nothing is told before it is committed.
  case i6 = "I6"
  /// Every refused report is counted.
  case i7 = "I7"
  /// Every running slot has a live session, or is taken back within lease + 3 s.
  case i8 = "I8"
  /// Attempts, offers and crashes stay within their limits.
  case i9 = "I9"
  /// Every held slot has a living blocker.
  case i10 = "I10"
  /// Queues have a bound, and nobody is given more than asked for.
  case i11 = "I11"
  /// Replaying the history gives the stored state.
  case i12 = "I12"
  /// Once the storm is over everything comes to its end.
  case settles = "settles"
}

/// An invariant that did not hold.
package struct Violation: Sendable, CustomStringConvertible {
  package let invariant: Invariant
  package let message: String
  /// Microseconds since the simulation began.
  package let at: Int64

  package var description: String { "\(invariant.rawValue): \(message)" }
}
