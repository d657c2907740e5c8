package import Engine

/// What a simulation, or many together, have been through.
package struct Statistics: Sendable {
  package internal(set) var commits = 0
  /// Moves by their number.
  package internal(set) var moves: [UInt8: Int] = [:]
  package internal(set) var refusals: [Refusal: Int] = [:]
  package internal(set) var faults: [String: Int] = [:]
  package internal(set) var skips: [String: Int] = [:]
  /// Handlers that were entered.
  package internal(set) var starts = 0
  /// How many microseconds went by in the simulation.
  package internal(set) var elapsed: Int64 = 0

  package init() {}

  package mutating func add(_ other: Statistics) {
    commits += other.commits
    starts += other.starts
    elapsed += other.elapsed
    moves.merge(other.moves, uniquingKeysWith: +)
    refusals.merge(other.refusals, uniquingKeysWith: +)
    faults.merge(other.faults, uniquingKeysWith: +)
    skips.merge(other.skips, uniquingKeysWith: +)
  }
}
