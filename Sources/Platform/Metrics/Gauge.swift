internal import Synchronization

/// A number that rises and falls: how much of something there is now.
package final class Gauge: Sendable {
  private let bits = Atomic<UInt64>(Double.zero.bitPattern)

  package init() {}

  package func set(_ value: Double) {
    bits.store(value.bitPattern, ordering: .relaxed)
  }

  package func set(_ value: Int) { set(Double(value)) }

  package func add(_ amount: Double) {
    var current = bits.load(ordering: .relaxed)
    while true {
      let sum = (Double(bitPattern: current) + amount).bitPattern
      let (exchanged, found) = bits.weakCompareExchange(
        expected: current,
        desired: sum,
        ordering: .relaxed
      )
      if exchanged { return }
      current = found
    }
  }

  package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}
