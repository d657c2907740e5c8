internal import Engine

/// The runs that were finished, or taken back, lately, so that an offer which arrives once more, or
/// too late, is recognised.
struct RecentRuns: Sendable {
  private var known: Set<RunID> = []
  private var order: [RunID] = []
  private var oldest = 0

  /// Enough for what a server may still have under way.
  static let limit = 16_384

  func contains(_ run: RunID) -> Bool {
    known.contains(run)
  }

  mutating func insert(_ run: RunID) {
    guard known.insert(run).inserted else { return }
    guard order.count == Self.limit else { return order.append(run) }
    known.remove(order[oldest])
    order[oldest] = run
    oldest = (oldest + 1) % Self.limit
  }
}
