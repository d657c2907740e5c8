import Engine

/// What the oracle knows of one trigger: its rules so far, and which occurrences have left a trace.
struct TriggerWitness {
  /// One rule, for as long as it held.
  struct Reign {
    let rule: RuleModel
    let repeats: Int?
    /// Nothing at or before this is due.
    let from: Timestamp
    /// When another rule took over, or the trigger was deleted; `nil` while it holds.
    var until: Timestamp?
    /// How far the clock came while it held.
    var reached: Timestamp
    /// Traces, in their order: from, through.
    var traces: [(from: Timestamp, through: Timestamp)] = []
  }

  let id: TriggerID
  private(set) var definition: TriggerDefinition
  private(set) var isOnline: Bool
  private(set) var isDeleted = false
  private(set) var reigns: [Reign]
  /// Up to here everything is settled.
  private(set) var tracedThrough: Timestamp
  private(set) var fires = 0
  /// Whether missed fires may have been run one at a time under the rule at hand.
  private(set) var hasCaughtUp = false
  private(set) var offlineSince: Timestamp?
  /// When a fixed delay may fire next; it does so once.
  private(set) var expected: [Timestamp]
  /// The fires of a fixed delay that became tasks.
  private var delayedFires: Set<Timestamp> = []
  /// The tasks of which a fixed delay may await the end.
  private(set) var followed: Set<TaskID> = []

  init(created trigger: Trigger, at now: Timestamp) {
    id = trigger.id
    definition = trigger.definition
    hasCaughtUp = trigger.definition.misfire == .all
    isOnline = trigger.state.isOnline
    tracedThrough = now
    let rule = RuleModel(trigger.definition, at: now)
    reigns = [
      Reign(rule: rule, repeats: trigger.definition.repeats, from: now, reached: now)
    ]
    offlineSince = isOnline ? nil : now
    expected = isOnline ? rule.fires(delayedFrom: now) : []
  }

  var rule: RuleModel { reigns[reigns.count - 1].rule }
  private var last: Int { reigns.count - 1 }

  private var hasRepeatsLeft: Bool {
    definition.repeats.map { fires < $0 } ?? true
  }

  mutating func clockReached(_ time: Timestamp) {
    guard !isDeleted else { return }
    reigns[last].reached = max(reigns[last].reached, time)
  }

  // MARK: Traces

  /// A fire became a task; says what is wrong with that.
  mutating func fired(_ nominalAt: Timestamp, task: TaskID, at now: Timestamp) -> String? {
    clockReached(now)
    guard isOnline else { return "it fired while it was off" }
    guard nominalAt <= now else { return "it fired for \(nominalAt) at \(now)" }
    guard hasRepeatsLeft else { return "it fired \(fires + 1) times" }
    fires += 1
    if rule.delay != nil {
      guard expected.contains(nominalAt) else {
        return "it fired for \(nominalAt), expected \(expected)"
      }
      expected = []
      followed = [task]
      delayedFires.insert(nominalAt)
      tracedThrough = max(tracedThrough, nominalAt)
      return nil
    }
    return trace(from: nominalAt, through: nominalAt)
  }

  /// Fires were recorded as skipped; says what is wrong with that. `blockers` are the tasks of the
  /// trigger that are not final, or were not when the transaction began.
  mutating func skipped(_ skip: Skip, blockers: Set<TaskID>, isCutOff: Bool) -> String? {
    clockReached(skip.recordedAt)
    if rule.delay != nil {
      guard expected.contains(skip.from), skip.reason == .overlap, !blockers.isEmpty else {
        return "a fixed delay was skipped"
      }
      expected = []
      followed = blockers
      return nil
    }
    let skipped = rule.occurrences(after: skip.from.predecessor, through: skip.through)
    guard skipped.first == skip.from, skipped.last == skip.through, skipped.count == skip.count
    else {
      return
        "a record of \(skip.count) from \(skip.from) to \(skip.through) covers \(skipped.count)"
    }
    switch skip.reason {
    case .overlap:
      guard !blockers.isEmpty else { return "\(skip.from) was skipped for overlap with nothing" }
    case .misfire:
      guard isCutOff || skip.recordedAt - skip.through > definition.misfireWindow else {
        return "\(skip.through) was skipped as missed at \(skip.recordedAt)"
      }
    case .offline:
      guard offlineSince != nil else { return "\(skip.from) was skipped as offline" }
    }
    return trace(from: skip.from, through: skip.through)
  }

  private mutating func trace(from: Timestamp, through: Timestamp) -> String? {
    guard from > tracedThrough else {
      return "\(from) left a trace, and all up to \(tracedThrough) had theirs"
    }
    guard rule.isOccurrence(from) else { return "\(from) is no time of the rule" }
    tracedThrough = through
    reigns[last].traces.append((from, through))
    return nil
  }

  /// A task of the trigger is final.
  mutating func taskEnded(_ task: TaskID, at now: Timestamp) {
    guard followed.remove(task) != nil, isOnline, hasRepeatsLeft else { return }
    expected += rule.fires(delayedFrom: now)
  }

  // MARK: Edits

  /// The trigger as it is stored after a commit at `now`.
  mutating func changed(to trigger: Trigger, at now: Timestamp) {
    clockReached(now)
    let isReplanned = !definition.hasSameTimes(as: trigger.definition)
    definition = trigger.definition
    hasCaughtUp = definition.misfire == .all || hasCaughtUp && !isReplanned
    if !isReplanned, let next = trigger.state.nextFireAt { passRepeats(planned: next, at: now) }
    if isReplanned { begin(RuleModel(definition, at: now), at: now) }
    guard trigger.state.isOnline != isOnline else { return }
    isOnline = trigger.state.isOnline
    if isOnline {
      if !isReplanned { tracedThrough = max(tracedThrough, now) }
      offlineSince = nil
      replan(at: now)
    } else {
      offlineSince = now
      expected = []
    }
  }

  /// A clock that was set back behind the start leads a fixed delay to the start once more. That fire has
  /// its task, and no other is made for it; the delay is counted from when it came round again.
  private mutating func passRepeats(planned next: Timestamp, at now: Timestamp) {
    guard rule.delay != nil, isOnline, !expected.contains(next) else { return }
    let repeats = expected.filter { $0 <= now && delayedFires.contains($0) }
    guard !repeats.isEmpty else { return }
    expected.removeAll { repeats.contains($0) }
    expected += rule.fires(delayedFrom: now)
  }

  private mutating func begin(_ rule: RuleModel, at now: Timestamp) {
    close(at: now)
    tracedThrough = max(tracedThrough, now)
    reigns.append(
      Reign(rule: rule, repeats: definition.repeats, from: tracedThrough, reached: now)
    )
    replan(at: now)
  }

  private mutating func replan(at now: Timestamp) {
    followed = []
    expected = isOnline && hasRepeatsLeft ? rule.fires(delayedFrom: now) : []
  }

  private mutating func close(at now: Timestamp) {
    reigns[last].until = now
  }

  mutating func deleted(at now: Timestamp) {
    clockReached(now)
    close(at: now)
    isDeleted = true
  }

  // MARK: The account

  /// An occurrence up to `time` that left no trace though it was due; `nil` when all is accounted for.
  func missing(by time: Timestamp) -> Timestamp? {
    for (index, reign) in reigns.enumerated() {
      let isLast = index == reigns.count - 1
      var due = reign.rule.occurrences(after: reign.from, through: min(reign.until ?? time, time))
      if isDeleted, isLast { due.removeAll { $0 > reign.traces.last?.through ?? reign.from } }
      let untraced = due.first { due in
        !reign.traces.contains { $0.from <= due && due <= $0.through }
      }
      if let untraced, !isSpent(at: untraced, in: reign) { return untraced }
    }
    return nil
  }

  /// Whether the trigger had no fires left when an occurrence came.
  private func isSpent(at time: Timestamp, in reign: Reign) -> Bool {
    guard let repeats = reign.repeats, fires >= repeats else { return false }
    return time > reign.traces.last?.through ?? reign.from
  }
}

extension TriggerDefinition {
  fileprivate func hasSameTimes(as other: TriggerDefinition) -> Bool {
    schedule == other.schedule && timeZone == other.timeZone && start == other.start
      && end == other.end && repeats == other.repeats
  }
}
