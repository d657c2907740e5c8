import Engine
import Store

/// What was found among the slots that are ahead of their rows.
///
/// They are looked at before the rows are read: a slot whose row is written in between is found both
/// ways at worst, and a move in between is told of in its commit.
struct Ahead<Element: Sendable>: Sendable {
  fileprivate var found: [SlotID: Element] = [:]
  /// The numbers of the rows that were looked for and are out of date.
  fileprivate var outdated: Set<Int64> = []

  /// How many rows may have to be left out.
  var outdatedCount: Int { outdated.count }

  /// What was found here, and those of `rows` that are up to date; in no order.
  func merged(with rows: [(id: SlotID, element: Element)]) -> [Element] {
    var all = Array(found.values)
    all.reserveCapacity(all.count + rows.count)
    for row in rows where !outdated.contains(row.id.number) && found[row.id] == nil {
      all.append(row.element)
    }
    return all
  }
}

extension SQLiteStore {
  /// Looks for slots among those that are ahead of their rows; `isSought` says whether a row would
  /// have been found, by what is stored of it.
  func ahead<Element: Sendable>(
    rows isSought: @escaping @Sendable (SlotColumns) -> Bool,
    _ element: @escaping @Sendable (KeptSlot) -> Element?
  ) async throws(StoreError) -> Ahead<Element> {
    guard writer.hasUnsettled else { return Ahead() }
    return try await look { ledger throws(StoreError) in
      var ahead = Ahead<Element>()
      guard let ledger = ledger as? SQLiteLedger else { return ahead }
      ledger.live.forEachUnsettled { entry in
        if let stored = entry.stored, isSought(stored) { ahead.outdated.insert(entry.number) }
        if let element = element(entry) { ahead.found[entry.row.slot.id] = element }
      }
      return ahead
    }
  }
}
