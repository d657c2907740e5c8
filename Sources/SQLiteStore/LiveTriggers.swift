import Engine
import Store

/// What fires did, where it is ahead of the rows: states of triggers, and which tasks are theirs.
///
/// Both go into the page of the commit, and the rows follow later, as the rows of slots do: see
/// `LiveSlots`. They are settled in the order of triggers, round and round, so that those which are
/// settled together lie together in the file.
struct LiveTriggers {
  private var ahead: [TriggerID: Ahead] = [:]
  private var round = Round()
  /// What the open transaction did, in order.
  private var steps: [Step] = []
  /// The page that the open transaction will have.
  private var page: Int64 = 0

  /// One trigger whose rows are behind.
  final class Ahead {
    let trigger: TriggerID
    /// `nil` while its row is up to date.
    fileprivate(set) var state: Trigger.State?
    /// In which hour its row says that it is due.
    private let storedHour: Int64?
    /// No more once the row was edited.
    fileprivate var isHourKnown = true
    /// The tasks that have no row among its fires.
    fileprivate(set) var fires: [FireRow] = []

    fileprivate init(_ trigger: TriggerID, storedHour: Int64?) {
      self.trigger = trigger
      self.storedHour = storedHour
    }

    fileprivate var isEmpty: Bool { state == nil && fires.isEmpty }

    /// Whether the row says the right hour already.
    var isHourStored: Bool { isHourKnown && state?.nextFireAt?.hour == storedHour }
  }

  /// One time around all triggers that are ahead when it begins.
  fileprivate struct Round {
    var order: [TriggerID] = []
    var place = 0
    /// The pages in the making when it began, and when the one before did. Whatever came before that
    /// is settled.
    var page: Int64 = 0
    var pageBefore: Int64 = 0
    /// The changes since it began.
    var changes = 0
  }

  private enum Step {
    case changed(Ahead, before: Trigger.State?)
    case fired(Ahead)
    case settled(Ahead)
  }

  /// Where the open transaction is.
  struct Mark {
    fileprivate let steps: Int
    fileprivate let round: Round
  }

  // MARK: Looking in

  subscript(id: TriggerID) -> Trigger.State? { ahead[id]?.state }

  var unsettledCount: Int { ahead.count }
  /// From this page on there are changes that rows lack; `nil` when there are none.
  var unsettledSince: Int64? { ahead.isEmpty ? nil : round.pageBefore }
  /// Whether the open transaction settles any.
  var hasSettled: Bool {
    steps.contains { if case .settled = $0 { true } else { false } }
  }
  /// About how many changes the open transaction has made.
  var changeCount: Int { steps.count }
  var mark: Mark { Mark(steps: steps.count, round: round) }

  func hasFire(_ trigger: TriggerID, nominalAt: Timestamp) -> Bool {
    ahead[trigger]?.fires.contains { $0.nominalAt == nominalAt && !$0.isManual } ?? false
  }

  /// The states that rows lack.
  var unsettledStates: [TriggerID: Trigger.State] { ahead.compactMapValues(\.state) }

  // MARK: Changes

  /// Starts a transaction, whose changes go into `page`.
  mutating func begin(page: Int64) {
    self.page = page
  }

  /// `before` is what its row has, unless it is ahead of that already.
  mutating func change(_ id: TriggerID, to state: Trigger.State, before: Trigger.State?) {
    let entry = entry(id, storedHour: before?.nextFireAt?.hour)
    steps.append(.changed(entry, before: entry.state))
    entry.state = state
  }

  /// As `change`, for a row that is written anew in the same transaction.
  mutating func edit(_ id: TriggerID, to state: Trigger.State) {
    change(id, to: state, before: nil)
    ahead[id]?.isHourKnown = false  // For good: the edit may be undone.
  }

  mutating func add(_ fire: FireRow, of id: TriggerID, state: Trigger.State?) {
    let entry = entry(id, storedHour: state?.nextFireAt?.hour)
    steps.append(.fired(entry))
    entry.fires.append(fire)
  }

  private mutating func entry(_ id: TriggerID, storedHour: Int64?) -> Ahead {
    if ahead.isEmpty { round = Round(page: page, pageBefore: page) }
    round.changes += 1
    if let entry = ahead[id] { return entry }
    let entry = Ahead(id, storedHour: storedHour)
    ahead[id] = entry
    return entry
  }

  /// Each change of the open transaction, with what has become of the trigger; one may come twice.
  func forEachChanged(_ body: (TriggerID, Trigger.State) -> Void) {
    for case .changed(let entry, _) in steps {
      if let state = entry.state { body(entry.trigger, state) }
    }
  }

  var hasChanged: Bool {
    steps.contains { if case .changed = $0 { true } else { false } }
  }

  /// Takes back everything since `mark`.
  mutating func undo(to mark: Mark) {
    while steps.count > mark.steps {
      let entry: Ahead
      switch steps.removeLast() {
      case .changed(let changed, let before):
        entry = changed
        entry.state = before
      case .fired(let fired):
        entry = fired
        entry.fires.removeLast()
      case .settled(let settled):
        entry = settled
      }
      ahead[entry.trigger] = entry.isEmpty ? nil : entry
    }
    round = mark.round
  }

  // MARK: Settling

  /// How many triggers should be settled now so that a round lasts for `changes` changes: those of two
  /// rounds at most are made again after a crash. A few are left to gather.
  func slice(roundsLast changes: Int) -> Int {
    guard changes > 0 else { return ahead.count }
    let count = round.order.isEmpty ? ahead.count : round.order.count
    let due = round.changes * count / changes - round.place
    return due < LiveTriggers.smallestSlice ? 0 : due
  }

  private static let smallestSlice = 64

  /// Settles the next triggers of the round, at most `limit`.
  mutating func settle(
    limit: Int,
    _ store: (Ahead) throws(StoreError) -> Void
  ) throws(StoreError) {
    var left = min(limit, ahead.count)
    while left > 0 {
      if round.place == round.order.count {
        round = Round(order: ahead.keys.sorted(), page: page, pageBefore: round.page)
      }
      let id = round.order[round.place]
      round.place += 1
      guard let entry = ahead.removeValue(forKey: id) else { continue }
      steps.append(.settled(entry))
      left -= 1
      try store(entry)
    }
  }

  /// The transaction is durable.
  mutating func committed() {
    steps.removeAll(keepingCapacity: true)
  }
}

/// One task of a trigger, as it stands among its fires.
struct FireRow {
  let nominalAt: Timestamp
  /// The number of the task's first slot.
  let number: Int64
  /// Not made by the schedule.
  let isManual: Bool
}
