internal import Synchronization

/// The series of one metric, one for each combination of label values.
///
/// Looking a series up takes a lock: whoever counts often keeps the series.
package final class MetricFamily<Series: Sendable>: Sendable {
  /// What every label of a series says that found no room.
  package static var overflowValue: String { "other" }
  /// How much of a label value is kept, in characters.
  package static var longestValue: Int { 128 }

  private let labelCount: Int
  /// How many series there may be before the others share one.
  private let limit: Int
  private let make: @Sendable () -> Series
  private let series = Mutex<[[String]: Series]>([:])
  private let overflows = Atomic<UInt64>(0)

  init(labelCount: Int, limit: Int, make: @escaping @Sendable () -> Series) {
    self.labelCount = labelCount
    self.limit = limit
    self.make = make
  }

  /// The series with these label values, in the order the labels were declared.
  ///
  /// When there are as many as the limit allows, a new combination gets the series whose labels all
  /// say `other`, and is counted as an overflow.
  package func with(_ values: String...) -> Series {
    precondition(values.count == labelCount, "one value for each label")
    let key = values.map { String($0.prefix(Self.longestValue)) }
    let (found, isOverflow) = series.withLock { series in find(key, in: &series) }
    if isOverflow { overflows.wrappingAdd(1, ordering: .relaxed) }
    return found
  }

  private func find(_ key: [String], in series: inout [[String]: Series]) -> (Series, Bool) {
    if let known = series[key] { return (known, false) }
    let isOverflow = series.count >= limit
    let other = Array(repeating: Self.overflowValue, count: labelCount)
    if isOverflow, let known = series[other] { return (known, true) }
    let made = make()
    series[isOverflow ? other : key] = made
    return (made, isOverflow)
  }

  /// How many lookups found no room for their labels.
  package var overflowCount: UInt64 { overflows.load(ordering: .relaxed) }

  /// Every series, ordered by label values.
  var sorted: [(values: [String], series: Series)] {
    series.withLock { $0.map { (values: $0.key, series: $0.value) } }
      .sorted { $0.values.lexicographicallyPrecedes($1.values) }
  }
}
