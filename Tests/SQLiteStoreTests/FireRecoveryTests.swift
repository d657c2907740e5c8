import Engine
import SQLiteStore
import Store
import Testing
import TompionTesting

/// Fires are ahead of the rows of their triggers, which are settled round by round.
@Suite(.timeLimit(.minutes(1)))
struct FireRecoveryTests {
  private let directory: TemporaryDirectory
  private let clock = ManualClock()

  init() throws {
    directory = try TemporaryDirectory()
  }

  /// With room for few, some triggers here are ahead of their rows, and others have rows that are ahead
  /// of pages still needed.
  @Test(arguments: [0, 1, 5, 60, 400, 100_000])
  func `what fires did to triggers survives a crash`(unsettled: Int) async throws {
    let store = try open(directory, unsettled)
    let triggers = try await fire(in: store)
    let remains = try directory.copy()  // As `kill -9` leaves them.
    let before = try await picture(of: triggers, in: store)
    #expect(try await picture(of: triggers, in: store) == before, "settled by what was read")
    await store.close()

    let heir = try open(remains, unsettled)
    #expect(try await picture(of: triggers, in: heir) == before)
    await heir.close()
    let calm = try open(directory, unsettled)
    #expect(try await picture(of: triggers, in: calm) == before)
    await calm.close()
  }

  @Test func `what is due is found whether rows say so or not`() async throws {
    let store = try open(directory, 60)
    _ = try await fire(in: store)
    let ahead = try await store.dueTriggers(after: nil, through: .distantFuture, limit: 1_000)
    #expect(ahead == ahead.sorted())
    _ = try await store.triggers(namespace: "default", PageRequest(limit: 1))  // Settles.
    #expect(
      try await store.dueTriggers(after: nil, through: .distantFuture, limit: 1_000) == ahead
    )
    let first = try await store.dueTriggers(after: nil, through: ahead[3].at, limit: 4)
    #expect(first == Array(ahead[..<4]))
    let rest = try await store.dueTriggers(after: ahead[3], through: .distantFuture, limit: 1_000)
    #expect(rest == Array(ahead[4...]))
    await store.close()
  }

  @Test func `a trigger is found in the hour it fires in, whatever it was before`() async throws {
    let store = try open(directory, 100_000)
    let start = clock.wall
    let trigger = try await create("t", "@every 4h", in: store)
    var definition = TriggerDefinition(handler: "h", schedule: "@every 2h")
    definition.misfireWindow = .seconds(24 * 3600)
    _ = try await store.change(
      TriggerChange(
        namespace: "default",
        name: "t",
        revision: nil,
        action: .redefine(definition, isOnline: nil)
      )
    )
    clock.advance(by: .seconds(2 * 3600))
    try await store.fire([trigger])
    _ = try await store.triggers(namespace: "default", PageRequest(limit: 1))  // Settles.
    let due = try await store.dueTriggers(
      after: DueTrigger(at: start + .seconds(3 * 3600), trigger: trigger),
      through: start + .seconds(5 * 3600),
      limit: 10
    )
    #expect(due == [DueTrigger(at: start + .seconds(4 * 3600), trigger: trigger)])
    await store.close()
  }

  @Test func `a fire that is undone leaves nothing`() async throws {
    let store = try open(directory, 100_000)
    let trigger = try await create("t", "@every 1s", in: store)
    clock.advance(by: .seconds(1))
    await #expect(throws: StoreError.self) {
      try await store.perform { ledger throws(StoreError) in
        try ledger.fire(trigger)
        throw StoreError(.invalid, "on purpose")
      }
    }
    #expect(try await picture(of: [trigger], in: store).first?.fires == 0)
    try await store.fire([trigger])
    let after = try await picture(of: [trigger], in: store)
    #expect(after.first?.fires == 1)
    #expect(after.first?.tasks.count == 1)
    await store.close()
  }

  // MARK: Help

  private func open(_ directory: TemporaryDirectory, _ unsettled: Int) throws -> SQLiteStore {
    try directory.open(clock: clock) {
      $0.unsettledFires = unsettled
      $0.unsettledSlots = 20
    }
  }

  private func create(
    _ name: String,
    _ schedule: String,
    in store: SQLiteStore
  ) async throws -> TriggerID {
    var definition = TriggerDefinition(handler: "h", schedule: schedule)
    if name.hasSuffix("q") { definition.overlap = .queue }
    if name.hasSuffix("r") { definition.overlap = .replace }
    let draft = TriggerDraft(
      namespace: "default",
      name: name,
      definition: definition,
      isOnline: true
    )
    return try await store.create(draft, idempotency: nil).id
  }

  /// Forty triggers of all kinds fire eight times; some are edited, switched off, deleted or run by
  /// hand in between.
  private func fire(in store: SQLiteStore) async throws -> [TriggerID] {
    var triggers: [TriggerID] = []
    for number in 0..<40 {
      let kind = ["", "q", "r"][number % 3]
      let schedule = number % 8 == 7 ? "@hourly" : "@every \(1 + number % 2)s"
      triggers.append(try await create("t\(number)\(kind)", schedule, in: store))
    }
    for round in 0..<8 {
      clock.advance(by: .milliseconds(1_001))
      try await store.fire(triggers)
      try await edit("t\(round * 3)", round, in: store)
    }
    return triggers
  }

  private func edit(_ name: String, _ round: Int, in store: SQLiteStore) async throws {
    let trigger = try #require(try await store.trigger(namespace: "default", name: name))
    let action: TriggerChange.Action
    switch round % 4 {
    case 0: action = .offline
    case 1: action = .delete
    case 2:
      var definition = trigger.definition
      definition.schedule = "@every 3s"
      action = .redefine(definition, isOnline: nil)
    default:
      var byHand = Submission(template: trigger.template)
      byHand.at = trigger.createdAt
      _ = try await store.submit([byHand])
      return
    }
    _ = try await store.change(
      TriggerChange(namespace: "default", name: name, revision: nil, action: action)
    )
  }

  /// What is to be the same before and after.
  private struct Picture: Equatable {
    let revision: Int64
    let state: Trigger.State
    let fires: Int
    let tasks: [TaskID]
    let ledger: [TaskID]
  }

  private func picture(of triggers: [TriggerID], in store: SQLiteStore) async throws -> [Picture] {
    let page = PageRequest(limit: 100)
    let all = try await store.triggers(namespace: "default", page).elements
    var pictures: [Picture] = []
    for trigger in all where triggers.contains(trigger.id) {
      #expect(
        try await store.trigger(namespace: "default", name: trigger.name)?.state == trigger.state
      )
      var filter = TaskFilter(namespace: "default")
      filter.trigger = trigger.id
      let fires = try await store.fires(of: trigger.id, page).elements
      pictures.append(
        Picture(
          revision: trigger.revision,
          state: trigger.state,
          fires: trigger.state.fires,
          tasks: try await store.tasks(filter, page).elements.map(\.task.id),
          ledger: fires.compactMap {
            if case .task(let detail) = $0 { detail.task.id } else { nil }
          }
        )
      )
    }
    return pictures
  }
}
