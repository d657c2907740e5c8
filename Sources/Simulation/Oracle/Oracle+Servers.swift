import Engine
import Server
import Store
import TompionTesting

/// What clients were told, and what servers keep in memory.
extension Oracle {
  // MARK: Clients

  /// A client was told that its task is taken.
  func told(_ key: String, _ task: TaskID) {
    guard tasks[task] != nil else {
      return fail(.i6, "the submission \(key) was acknowledged, and is not committed")
    }
    if let before = submissions[key], before != task {
      fail(.i6, "the submission \(key) made two tasks")
    }
    submissions[key] = task
  }

  /// A client was told that its trigger is as it wished.
  func told(_ trigger: Trigger) {
    guard let revision = revisions[trigger.id], revision >= trigger.revision else {
      return fail(.i6, "an edit of \(trigger.name) was acknowledged, and is not committed")
    }
  }

  // MARK: Bounds

  /// I11: what a server has in memory stays within its bounds.
  func look(at server: SimulatedServer) {
    guard server.ticks.isMultiple(of: 5) else { return }
    for queue in server.dispatch.queues(namespace: Namespace.defaultName) {
      guard queue.ready <= scenario.queueBound, queue.peak <= scenario.queueBound else {
        return fail(.i11, "\(queue.ready) slots of \(queue.queue.handler) wait in memory")
      }
    }
    for worker in server.dispatch.workers(namespace: Namespace.defaultName) {
      let bound = worker.outbound.bound + Scenario.largestParam + 1_024
      guard worker.outbound.peak <= bound else {
        return fail(.i11, "\(worker.outbound.peak) bytes waited for \(worker.worker)")
      }
    }
  }

  // MARK: The end

  /// What is not final yet, in words; `nil` when all is.
  var unfinished: String? {
    slots.first { !$0.value.place.isFinal }.map { "\(world.text($0.key)) is \($0.value.place)" }
  }

  /// What is not final yet, or still on somebody's mind.
  var unsettled: String? {
    if let unfinished { return unfinished }
    for worker in world.workers where worker.unacknowledged > 0 {
      return "\(worker.name) has \(worker.unacknowledged) reports that nobody acknowledged"
    }
    let known = world.servers.flatMap { $0.dispatch.workers(namespace: Namespace.defaultName) }
    if let busy = known.first(where: { !$0.runs.isEmpty }) {
      return "\(busy.runs.count) runs of \(busy.worker) are still in the books"
    }
    let connected = Set(known.filter { $0.state == .connected }.map(\.boot))
    return world.workers.first { !connected.contains($0.boot) }.map { "\($0.name) is away" }
  }

  /// I1, while all is well: nobody is far behind.
  func checkPunctuality(within tolerance: Duration) {
    let now = world.clock.now - tolerance
    for trigger in world.store.ledger.tables.triggers.values {
      guard let witness = triggers[trigger.id], trigger.state.isOnline else { continue }
      if witness.followed.isEmpty, let expected = witness.expected.max(), expected < now {
        return fail(.i1, "\(trigger.name) should have fired at \(expected)")
      }
      guard trigger.state.followsOn == nil else { continue }
      if let missing = witness.missing(by: now) {
        return fail(.i1, "\(trigger.name) left no trace of \(missing)")
      }
    }
  }

  /// I1: every occurrence of every rule has left its trace.
  func checkAccount() {
    for witness in triggers.values {
      if let missing = witness.missing(by: witness.tracedThrough) {
        return fail(.i1, "\(world.text(witness.id)) left no trace of \(missing)")
      }
    }
  }

  /// I7 and I12: the history of each slot gives its state, and has every refusal.
  func checkHistory() {
    for (task, rows) in world.store.ledger.tables.slots {
      guard let record = world.store.ledger.tables.tasks[task] else {
        return fail(.i12, "slots of no task are stored")
      }
      for row in rows { checkHistory(of: row, record) }
    }
  }

  private func checkHistory(of row: SlotRow, _ task: TaskRecord) {
    let id = row.slot.id
    let terms = SlotWitness.Terms(
      retry: task.template.value.retry,
      atMostOnce: task.template.value.atMostOnce
    )
    var replayed: SlotWitness?
    var refused = 0
    for entry in row.history.entries {
      switch entry {
      case .refusal: refused += 1
      case .move(let move, _):
        if replayed == nil {
          replayed = SlotWitness(created: move, terms)
        } else if let problem = replayed?.follow(move) {
          return fail(.i12, "the history of \(world.text(id)) is broken: \(problem.text)")
        }
      }
    }
    guard let replayed, let witness = slots[id] else {
      return fail(.i12, "\(world.text(id)) has no history")
    }
    guard replayed.place == Place(row.slot.phase), replayed.epoch == row.slot.epoch,
      replayed.attempts == row.slot.counters.attempts,
      replayed.offers == row.slot.counters.offers || row.slot.state.isFinal,
      replayed.readyAt == row.slot.readyAt || row.slot.readyAt == nil,
      replayed.moves == witness.moves
    else {
      return fail(.i12, "\(world.text(id)) is stored as \(row.slot), its history gives \(replayed)")
    }
    if refused < refusals[id] ?? 0, row.history.bytes.count < SlotHistory.bound {
      fail(
        .i7,
        "\(refusals[id] ?? 0) reports of \(world.text(id)) were refused, \(refused) are kept"
      )
    }
  }
}
