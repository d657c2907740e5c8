import Engine
import Foundation
import Store
import TompionTesting

/// People and programs that ask the servers for things, and ask again when they hear nothing.
final class Client {
  unowned let world: World
  private var keys = 0
  /// Tasks that may be cancelled, paused or resumed: the newest few.
  private var known: [TaskID] = []
  /// Requests that must be answered before the simulation may end.
  private(set) var pending = 0

  init(_ world: World) {
    self.world = world
  }

  // MARK: Asking

  /// Asks some server that runs, and again until one has answered.
  ///
  /// `operation` must do the same however often it is carried out.
  private func insist<Value: Sendable>(
    _ operation: @escaping (@escaping Reply<Value>) -> StoreOperation,
    then: @escaping (Value) -> Void
  ) {
    pending += 1
    attempt(operation) { [self] result in
      pending -= 1
      if case .success(let value) = result { then(value) }
    }
  }

  private func attempt<Value: Sendable>(
    _ operation: @escaping (@escaping Reply<Value>) -> StoreOperation,
    then: @escaping (Result<Value, StoreError>) -> Void
  ) {
    var isAnswered = false
    let again = { [self] in
      guard !isAnswered else { return }
      isAnswered = true
      world.queue.schedule(after: world.random.duration(.milliseconds(50) ... .seconds(1))) {
        self.attempt(operation, then: then)
      }
    }
    ask(operation) { result in
      guard !isAnswered else { return }
      if case .failure(let error) = result, error.code == .unavailable { return again() }
      isAnswered = true
      then(result)
    }
    world.queue.schedule(after: .seconds(4), again)
  }

  /// One request: it takes a while there and back, and its answer may be lost.
  private func ask<Value: Sendable>(
    _ operation: @escaping (@escaping Reply<Value>) -> StoreOperation,
    then: @escaping (Result<Value, StoreError>) -> Void
  ) {
    let server = world.random.pick(world.servers)
    world.queue.schedule(after: world.network.latency(&world.random)) { [self] in
      guard server.isUp, !server.isLeaving else { return }
      server.atOnce { [self] in
        server.perform(operation) { [self] result in
          guard world.isCalm || !world.random.chance(0.05) else { return }
          world.queue.schedule(after: world.network.latency(&world.random)) { then(result) }
        }
      }
    }
  }

  private func note(_ text: @autoclosure () -> String) {
    world.note(.client, UInt64(keys), UInt64(known.count), text)
  }

  // MARK: Triggers

  func create(_ name: String, _ definition: TriggerDefinition) {
    let draft = TriggerDraft(
      namespace: Namespace.defaultName,
      name: name,
      definition: definition,
      isOnline: true
    )
    keys += 1
    let key = IdempotencyKey(key: "trigger \(keys)", body: Array(name.utf8))
    note("asks for \(name): \(definition.schedule) \(definition.overlap) \(definition.misfire)")
    insist { reply in
      .whole(reply) { ledger throws(StoreError) in try ledger.create(draft, idempotency: key) }
    } then: { [self] trigger in
      world.oracle.told(trigger)
    }
  }

  func change(_ name: String, _ action: TriggerChange.Action, then: @escaping () -> Void = {}) {
    note("asks to change \(name): \(action)")
    let change = TriggerChange(
      namespace: Namespace.defaultName,
      name: name,
      revision: nil,
      action: action
    )
    insist { reply in
      .whole(reply) { ledger throws(StoreError) in try ledger.change(change) }
    } then: { [self] trigger in
      if case .delete = action { return then() }
      world.oracle.told(trigger)
      then()
    }
  }

  // MARK: Tasks

  func submit(_ template: TaskTemplate, at time: Timestamp?, then: @escaping (TaskID) -> Void) {
    keys += 1
    let key = "task \(keys)"
    var submission = Submission(template: template)
    submission.at = time
    submission.idempotency = IdempotencyKey(key: key, body: [])
    note("submits \(key) for \(template.handler)")
    insist { [submission] reply in
      .submit([submission], reply: reply)
    } then: { [self] answers in
      switch answers[0] {
      case .created(let task), .repeated(let task):
        world.oracle.told(key, task)
        known = known.suffix(20) + [task]
        then(task)
      case .refused: break
      }
    }
  }

  func command(_ task: TaskID, _ event: SlotEvent) {
    note("asks \(event) of \(world.text(task))")
    insist { reply in
      .whole(reply) { ledger throws(StoreError) in try ledger.command(task, event) }
    } then: { _ in
    }
  }

  // MARK: Anything

  /// Asks for one thing or another.
  func askSomething() {
    let triggers = Array(world.store.ledger.tables.triggers.values).sorted { $0.name < $1.name }
    switch world.random.int(0...99) {
    case 0..<45: submitSomething(triggers)
    case 45..<75: commandSomething()
    default: if !triggers.isEmpty { changeSomething(world.random.pick(triggers)) }
    }
  }

  private func anyDefinition() -> TriggerDefinition {
    TriggerDefinition(any: &world.random, isDyed: world.scenario.isDyed)
  }

  private func submitSomething(_ triggers: [Trigger]) {
    if !triggers.isEmpty, world.random.chance(0.3) {
      return submit(world.random.pick(triggers).template, at: nil) { _ in }
    }
    let definition = anyDefinition()
    var template = TaskTemplate(
      namespace: Namespace.defaultName,
      handler: definition.handler
    )
    template.shardCount = definition.shards
    template.labels = definition.labels
    template.priority = definition.priority
    template.retry = definition.retry
    template.limits = definition.limits
    template.atMostOnce = definition.atMostOnce
    let wait = world.random.duration(.seconds(-5) ... .seconds(20))
    submit(template, at: world.random.chance(0.3) ? world.clock.now + wait : nil) { _ in }
  }

  /// Tasks of triggers, and such as were submitted.
  private func commandSomething() {
    let live = world.oracle.tasks.filter { $0.value.live > 0 }.keys.sorted()
    let candidates = live + known
    guard !candidates.isEmpty else { return }
    let task = world.random.pick(candidates)
    switch world.random.int(0...9) {
    case 0..<5: command(task, .cancel(.requested))
    default:
      command(task, .pause)
      let wait = world.random.duration(.milliseconds(10) ... .seconds(10))
      world.queue.schedule(after: wait) { [self] in command(task, .resume) }
    }
  }

  private func changeSomething(_ trigger: Trigger) {
    switch world.random.int(0...9) {
    case 0..<4:
      var definition = trigger.definition
      let other = anyDefinition()
      definition.overlap = other.overlap
      definition.misfire = other.misfire
      definition.limits = other.limits
      if world.random.chance(0.5) { definition = other }
      change(
        trigger.name,
        .redefine(definition, isOnline: world.random.pick([nil, nil, true, false]))
      )
    case 4..<6: change(trigger.name, .offline)
    case 6..<9: change(trigger.name, .online)
    default:
      change(trigger.name, .delete) { [self] in
        if world.random.chance(0.5) {
          create(trigger.name, anyDefinition())
        }
      }
    }
  }

  /// Lets go of whatever is paused.
  func resumeAll() {
    for (task, witness) in world.oracle.tasks.sorted(by: { $0.key < $1.key }) where witness.live > 0
    {
      command(task, .resume)
    }
  }

  /// Goes on asking until `end`, so many seconds apart on average.
  func askOn(until end: Int64, pause mean: Double) {
    let wait = -log(1 - Double.random(in: 0..<1, using: &world.random)) * mean
    world.queue.schedule(after: .microseconds(Int64(wait * 1_000_000))) { [self] in
      guard world.queue.now < end else { return }
      askSomething()
      askOn(until: end, pause: mean)
    }
  }
}

extension StoreOperation {
  /// An operation that is undone as a whole when it throws.
  static func whole<Value: Sendable>(
    _ reply: @escaping Reply<Value>,
    _ body: @escaping @Sendable (any Ledger) throws(StoreError) -> Value
  ) -> StoreOperation {
    StoreOperation(weight: 8, reply: reply) { ledger throws(StoreError) in
      var value: Value?
      try ledger.undoably { () throws(StoreError) in value = try body(ledger) }
      guard let value else { throw StoreError(.unavailable, "the operation did not run") }
      return value
    }
  }
}
