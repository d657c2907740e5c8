internal import Synchronization

/// How often a measured value fell below each of a few fixed bounds.
package final class Histogram: Sendable {
  /// What a histogram held at one moment.
  package struct Snapshot: Sendable, Hashable {
    /// How many values were at most the bound of the same position and above the one before it;
    /// one more, at the end, for those above every bound.
    package var counts: [UInt64]
    package var sum: Double

    package init(counts: [UInt64], sum: Double = 0) {
      self.counts = counts
      self.sum = sum
    }

    package var count: UInt64 { counts.reduce(0, &+) }
  }

  /// Seconds from a millisecond to a minute: what calls and commits take.
  package static let seconds = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  ]

  /// Finite and rising.
  package let bounds: [Double]
  // A lock and not an atomic for each count, so that sum and counts always belong together.
  private let state: Mutex<Snapshot>

  package init(bounds: [Double] = Histogram.seconds) {
    let isRising = zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }
    precondition(isRising && bounds.allSatisfy(\.isFinite), "bounds are finite and rise")
    self.bounds = bounds
    state = Mutex(Snapshot(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  /// Counts a value. One that is not a number is dropped: it would spoil the sum for good.
  package func observe(_ value: Double) {
    guard !value.isNaN else { return }
    let position = position(of: value)
    state.withLock { state in
      state.counts[position] &+= 1
      state.sum += value
    }
  }

  /// The first bound that `value` does not exceed, by bisection: some histograms have a hundred.
  private func position(of value: Double) -> Int {
    var low = 0
    var high = bounds.count
    while low < high {
      let middle = (low + high) / 2
      if value <= bounds[middle] { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Counts a duration, in seconds.
  package func observe(_ duration: Duration) {
    observe(duration / .seconds(1))
  }

  package var snapshot: Snapshot { state.withLock { $0 } }
}
