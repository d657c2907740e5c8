import Engine
import Store
import Testing

@Suite struct CodingTests {
  static let owner = Owner(worker: "wörker", boot: BootID(UUIDv7(high: .max, low: 0)))
  static let time = Timestamp(microseconds: -5)

  static let phases: [Slot.Phase] = [
    .waiting(readyAt: time, latecomer: nil), .waiting(readyAt: .distantFuture, latecomer: owner),
    .held([.overlap, .paused], readyAt: time), .offered(owner, at: time),
    .running(owner, since: time),
    .stopping(owner, since: time, .runTimeout, stopBy: time),
    .stopping(owner, since: time, .heartbeatTimeout, stopBy: time),
    .stopping(owner, since: time, .totalTimeout, stopBy: time),
    .stopping(owner, since: time, .cancel(.triggerDeleted), stopBy: time),
    .completed(.late), .faulted(.totalTimeout), .canceled(.replaced),
  ]

  @Test(arguments: phases)
  func `a slot comes back from its bytes`(phase: Slot.Phase) {
    var slot = Slot(id: SlotID(task: TaskID(UUIDv7(high: 1, low: 2)), shard: 3), phase: phase)
    #expect(Slot(id: slot.id, bytes: slot.bytes) == slot)
    slot.epoch = Epoch(.max)
    slot.settledBy = .released
    slot.counters.attempts = 300
    slot.counters.offers = 19
    slot.counters.crashes = [Self.time, Self.time + .seconds(1)]
    slot.firstStartedAt = Self.time
    slot.progress = Slot.Progress(percent: nil, note: "half")
    #expect(Slot(id: slot.id, bytes: slot.bytes) == slot)
    slot.progress = Slot.Progress(percent: 0, note: "")
    #expect(Slot(id: slot.id, bytes: slot.bytes) == slot)
  }

  @Test func `bytes that were cut off or changed never trap`() {
    for phase in Self.phases {
      let id = SlotID(task: TaskID(UUIDv7(high: 1, low: 2)), shard: 0)
      let bytes = Slot(id: id, phase: phase).bytes
      for length in 0..<bytes.count { #expect(Slot(id: id, bytes: Array(bytes[..<length])) == nil) }
      for index in bytes.indices {
        var changed = bytes
        changed[index] = 0xFF
        _ = Slot(id: id, bytes: changed)
      }
    }
  }

  @Test func `a template comes back from its bytes, and never from fewer`() {
    var template = TaskTemplate(namespace: "näme", handler: "h")
    #expect(TaskTemplate(bytes: template.bytes) == template)
    template.trigger = TaskTemplate.Origin(
      id: TriggerID(UUIDv7(high: 5, low: 6)),
      name: "t",
      awaitsEnd: true
    )
    template.labels = Labels(["zone": "a", "color": "green"])
    template.priority = 9
    template.shardCount = 3
    template.shardParams = [0: "x", 2: "y"]
    template.param = String(repeating: "p", count: 300)
    template.retry = RetryPolicy(retries: 7, base: .milliseconds(5), cap: .seconds(9))
    template.limits = TimeLimits(queue: .seconds(1), run: nil, heartbeat: .seconds(2), total: nil)
    template.atMostOnce = true
    let bytes = template.bytes
    #expect(TaskTemplate(bytes: bytes) == template)
    for length in 0..<bytes.count { #expect(TaskTemplate(bytes: Array(bytes[..<length])) == nil) }
    for index in bytes.indices {
      var changed = bytes
      changed[index] = 0xFF
      _ = TaskTemplate(bytes: changed)
    }
  }

  @Test func `a history comes back entry by entry`() {
    var history = SlotHistory()
    let move = SlotMove(
      number: 3,
      from: .created,
      to: .waitingToRun,
      why: "because",
      epoch: Epoch(.max),
      at: Self.time,
      readyAt: Self.time,
      owner: Self.owner
    )
    let plain = SlotMove(
      number: 7,
      from: .running,
      to: .runToCompletion,
      why: "",
      epoch: Epoch(1),
      at: Self.time
    )
    let entries: [SlotHistory.Entry] = [
      .move(move, sequence: .max),
      .refusal(.notOwner, event: "Succeeded", epoch: Epoch(2), at: Self.time),
      .move(plain, sequence: 1),
    ]
    for entry in entries { history.append(entry) }
    #expect(history.entries == entries)
    #expect(SlotHistory(bytes: history.bytes).entries == entries)
    for length in 0..<history.bytes.count {
      #expect(SlotHistory(bytes: Array(history.bytes[..<length])).entries.count < 3)
    }
  }

  @Test func `refusals are bounded and moves are not`() {
    var history = SlotHistory()
    let refusal = SlotHistory.Entry.refusal(.final, event: "Failed", epoch: .none, at: Self.time)
    for _ in 0..<5000 { history.append(refusal) }
    #expect(history.bytes.count < SlotHistory.bound + 100)
    let before = history.entries.count
    let move = SlotMove(
      number: 7,
      from: .running,
      to: .faulted,
      why: "",
      epoch: .none,
      at: Self.time
    )
    history.append(.move(move, sequence: 1))
    #expect(history.entries.count == before + 1)
  }

  @Test func `a trigger's rule and state come back from their bytes`() {
    var definition = TriggerDefinition(handler: "h", schedule: "@every 5s")
    #expect(TriggerDefinition(bytes: definition.bytes) == definition)
    definition.timeZone = "Europe/Berlin"
    definition.start = Self.time
    definition.end = .distantFuture
    definition.repeats = 0
    definition.param = "é"
    definition.shards = 1024
    definition.shardParams = [0: "a", 1023: ""]
    definition.labels = Labels(["a": "b", "c": ""])
    definition.priority = 9
    definition.retry = RetryPolicy(retries: 100, base: .milliseconds(1), cap: .seconds(9))
    definition.limits = TimeLimits(
      queue: .zero,
      run: nil,
      heartbeat: .seconds(1),
      total: .seconds(2)
    )
    definition.misfireWindow = .milliseconds(100)
    definition.atMostOnce = true
    for misfire in MisfirePolicy.allCases {
      for overlap in OverlapPolicy.allCases {
        (definition.misfire, definition.overlap) = (misfire, overlap)
        #expect(TriggerDefinition(bytes: definition.bytes) == definition)
      }
    }
    for length in 0..<definition.bytes.count {
      #expect(TriggerDefinition(bytes: Array(definition.bytes[..<length])) == nil)
    }
    var state = Trigger.State(isOnline: true, anchor: Self.time, firedThrough: .distantFuture)
    #expect(Trigger.State(bytes: state.bytes) == state)
    let task = TaskID(UUIDv7(high: 3, low: 4))
    (state.isOnline, state.nextFireAt, state.fires) = (false, Self.time, 7)
    (state.active, state.held, state.followsOn) = (task, task, task)
    (state.catchUpThrough, state.offlineSince) = (Self.time, Self.time)
    #expect(Trigger.State(bytes: state.bytes) == state)
    for length in 0..<state.bytes.count {
      #expect(Trigger.State(bytes: Array(state.bytes[..<length])) == nil)
    }
  }
}
