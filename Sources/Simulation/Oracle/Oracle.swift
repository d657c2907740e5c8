import Engine
import Store
import TompionTesting
import Wire

/// Watches what can be seen from outside, keeps a model of its own, and says what should not have been.
///
/// It sees commits as they become durable, what servers send, which handlers are entered where, and how
/// workers say that they live. It never asks the engine what is right.
final class Oracle {
  struct Task {
    let trigger: TriggerID?
    let isManual: Bool
    let nominalAt: Timestamp
    /// The overlap policy under which it was made; `nil` without a trigger.
    let overlap: OverlapPolicy?
    let shards: Int
    /// Counts the tasks.
    let number: Int
    var live: Int
  }

  /// One hand-over.
  struct Run {
    let boot: BootID
    var isEntered = false
    /// What the handler came to; `nil` while it runs.
    var outcome: RunOutcome?
  }

  enum RunOutcome: Equatable {
    case succeeded
    case failed(isRetryable: Bool, retryAfter: Duration?)
    case stopped
  }

  let scenario: Scenario
  private weak var attachedWorld: World?
  private(set) var violation: Violation?
  var statistics = Statistics()

  var slots: [SlotID: SlotWitness] = [:]
  var tasks: [TaskID: Task] = [:]
  var runs: [RunID: Run] = [:]
  /// Runs whose worker's last word was accepted, and is committed.
  var settled: Set<RunID> = []
  var triggers: [TriggerID: TriggerWitness] = [:]
  var lives: [BootID: WorkerLife] = [:]
  /// Slots in some worker's hand, and since when.
  var inHand: [SlotID: Int64] = [:]
  /// Slots held behind another task.
  var heldBack: Set<SlotID> = []
  /// Slots of which reports were refused, and how many.
  var refusals: [SlotID: Int] = [:]
  /// Scheduled tasks that are not final.
  var liveTasks: [TriggerID: Set<TaskID>] = [:]
  /// The latest task of a trigger that became final, and with which commit.
  var endedTasks: [TriggerID: (task: TaskID, commit: Int)] = [:]
  var revisions: [TriggerID: Int64] = [:]
  /// Tasks that the commit at hand made of fires.
  var newFires: [TaskRecord] = []
  var lastEpoch: Epoch = .none
  var lastSequence: Int64 = 0
  var lastSkip: UInt64 = 0
  /// Nobody is blamed for what a failing server, store or clock held up until then; microseconds.
  var excusedUntil: [Int64]
  /// What clients were told of their requests.
  var submissions: [String: TaskID] = [:]

  init(_ scenario: Scenario) {
    self.scenario = scenario
    excusedUntil = Array(repeating: 0, count: scenario.servers)
  }

  func attach(_ world: World) {
    attachedWorld = world
  }

  var world: World {
    guard let attachedWorld else { preconditionFailure("the oracle has nothing to watch") }
    return attachedWorld
  }

  var now: Int64 { world.queue.now }

  /// Notes the first violation; those that follow from it are of no interest.
  func fail(_ invariant: Invariant, _ message: @autoclosure () -> String) {
    guard violation == nil else { return }
    violation = Violation(invariant: invariant, message: message(), at: now)
  }

  // MARK: Commits

  /// A transaction became durable. `verdicts` are what became of `commands`, which it carried out.
  func committed(_ commit: Commit, of commands: [SlotCommand], verdicts: [Verdict]) {
    var changes = commit.changes[...]
    var refused: [Refusal: Int] = [:]
    for (command, verdict) in zip(commands, verdicts) {
      judge(command, verdict)
      switch verdict {
      case .refused(.alreadyDone): break
      case .refused(let reason): refused[reason, default: 0] += 1
      case .moved:
        guard command.event.moves else { continue }
        while let change = changes.popFirst() {
          take(change)
          if change.slot.id == command.slot { break }
        }
      }
    }
    for change in changes { take(change) }
    for (reason, count) in refused where commit.refusals[reason, default: 0] < count {
      fail(.i7, "\(count) commands were refused as \(reason), \(commit.refusals) were counted")
    }
    for (reason, count) in commit.refusals { statistics.refusals[reason, default: 0] += count }
    statistics.commits += 1
    takeTraces()
    for (trigger, _) in commit.planned { planned(trigger) }
    checkBlockers()
    world.note(.commit, UInt64(commit.changes.count), lastEpoch.value) {
      "commit: " + commit.changes.map { self.world.text($0) }.joined(separator: ", ")
    }
  }

  private func take(_ change: SlotChange) {
    let move = change.move
    let id = change.slot.id
    statistics.moves[move.number, default: 0] += 1
    guard change.sequence > lastSequence else {
      return fail(.i12, "change \(change.sequence) came after \(lastSequence)")
    }
    lastSequence = change.sequence
    guard move.number != 1 else { return created(change) }
    guard var witness = slots[id] else {
      return fail(.i12, "\(world.text(id)) moved and was never created")
    }
    let owner = witness.owner
    if let problem = witness.follow(move) {
      fail(problem.invariant, "\(world.text(id)): \(problem.text)")
    }
    slots[id] = witness
    if move.number == 3 { offered(change) } else { followed(change, from: owner) }
    compare(change.slot, with: witness)
    if witness.place.isInHand {
      inHand[id] = witness.place == .offered ? now : inHand[id] ?? now
    } else {
      inHand[id] = nil
    }
    updateHold(change.slot)
    if witness.place.isFinal { ended(change) }
  }

  private func created(_ change: SlotChange) {
    let (id, task) = (change.slot.id, change.task)
    guard slots[id] == nil else { return fail(.i4, "\(world.text(id)) was created twice") }
    let template = task.template.value
    slots[id] = SlotWitness(
      created: change.move,
      SlotWitness.Terms(retry: template.retry, atMostOnce: template.atMostOnce)
    )
    if tasks[task.id] == nil {
      let origin = template.trigger?.id
      tasks[task.id] = Task(
        trigger: origin,
        isManual: task.isManual,
        nominalAt: task.nominalAt,
        overlap: origin.flatMap { triggers[$0]?.definition.overlap },
        shards: template.shardCount,
        number: tasks.count,
        live: template.shardCount
      )
      if let origin, !task.isManual {
        newFires.append(task)
        liveTasks[origin, default: []].insert(task.id)
      }
    }
    if let readyAt = change.slot.readyAt, readyAt != task.nominalAt {
      fail(.i5, "\(world.text(id)) is ready at \(readyAt), its task is for \(task.nominalAt)")
    }
    updateHold(change.slot)
  }

  private func offered(_ change: SlotChange) {
    let move = change.move
    guard let owner = move.owner else { return }
    guard move.epoch > lastEpoch else {
      return fail(.i3, "epoch \(move.epoch) was handed out after \(lastEpoch)")
    }
    lastEpoch = move.epoch
    runs[change.slot.run] = Run(boot: owner.boot)
  }

  /// What a move other than an offer must agree with: the handler's own words.
  private func followed(_ change: SlotChange, from owner: Owner?) {
    let outcome = runs[change.slot.run]?.outcome
    switch change.move.number {
    case 7, 14, 19:
      guard outcome == .succeeded else {
        return fail(
          .i2,
          "\(world.text(change.slot.run)) is complete, its handler: \(outcome as Any)"
        )
      }
      let result = world.store.ledger.slot(change.slot.id)?.row.result
      guard result == Array("\(change.slot.run)".utf8) else {
        return fail(.i2, "\(world.text(change.slot.run)) has the result of another run")
      }
    case 8: checkRetry(change, outcome)
    case 9: checkGivingUp(change, outcome)
    case 10: checkLoss(change.slot.run, of: owner)
    default: break
    }
  }

  private func compare(_ slot: Slot, with witness: SlotWitness) {
    guard Place(slot.phase) == witness.place, slot.epoch == witness.epoch,
      slot.owner == witness.owner || !witness.place.isInHand
    else {
      return fail(
        .i12,
        "\(world.text(slot.id)) is stored as \(slot.phase), its moves lead to \(witness)"
      )
    }
  }

  // MARK: Retries

  private func checkRetry(_ change: SlotChange, _ outcome: RunOutcome?) {
    guard case .failed(true, let after)? = outcome ?? .failed(isRetryable: true, retryAfter: nil),
      let witness = slots[change.slot.id], let readyAt = change.move.readyAt
    else {
      guard outcome != .stopped else { return }
      return fail(
        .i9,
        "\(world.text(change.slot.run)) is tried again, its handler: \(outcome as Any)"
      )
    }
    let wait = readyAt - change.move.at
    if let after {
      if wait != after { fail(.i5, "\(world.text(change.slot.run)) waits \(wait), not \(after)") }
    } else if wait > witness.terms.retry.longestWait(afterAttempt: witness.attempts) {
      fail(.i5, "\(world.text(change.slot.run)) waits \(wait) after attempt \(witness.attempts)")
    }
  }

  private func checkGivingUp(_ change: SlotChange, _ outcome: RunOutcome?) {
    guard let witness = slots[change.slot.id], !witness.terms.atMostOnce,
      witness.attempts <= witness.terms.retry.retries
    else { return }
    if case .failed(false, _)? = outcome { return }
    fail(.i9, "\(world.text(change.slot.run)) was given up after attempt \(witness.attempts)")
  }
}

extension SlotEvent {
  /// Whether a slot that takes it has moved.
  fileprivate var moves: Bool {
    if case .progressed = self { false } else { true }
  }
}

extension RetryPolicy {
  /// The bound of the wait, by the words of the delivery semantics: min(cap, base · 2^(attempt−1)).
  fileprivate func longestWait(afterAttempt attempt: Int) -> Duration {
    var bound = base
    for _ in 1..<max(attempt, 1) where bound < cap { bound = bound * 2 }
    return min(bound, cap)
  }
}
