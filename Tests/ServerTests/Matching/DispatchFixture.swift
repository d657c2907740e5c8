import Engine
import Server
import Store
import Wire

/// A dispatch under a clock that moves only when told, with what a test says to it in short.
struct DispatchFixture {
  var dispatch: Dispatch
  var now = Moment(monotonic: .seconds(1_000), wall: Timestamp(seconds: 1_800_000_000))
  private var count: UInt64 = 0

  init(lease: Duration = .seconds(10)) {
    dispatch = Dispatch(lease: lease, now: now)
    advance(.seconds(60))  // Beyond the grace of the start.
  }

  mutating func advance(_ step: Duration) {
    now.monotonic += step
    now.wall = now.wall + step
  }

  mutating func uuid() -> UUIDv7 {
    count += 1
    return UUIDv7(high: 1, low: count)
  }

  /// Connects a worker, whose Welcome it returns.
  mutating func connect(
    _ session: Int,
    worker: String = "w",
    boot: BootID,
    handlers: [String] = ["h"],
    inFlight: [RunID] = [],
    credits: Int = 0,
    closedBefore: Bool = false
  ) -> Welcome? {
    dispatch.opened(session)
    if closedBefore { dispatch.closed(session) }
    var hello = Hello(workerID: worker, bootID: boot, capacity: 10)
    hello.handlers = handlers
    hello.inFlight = inFlight
    guard case .admitted = dispatch.hello(hello, on: session, peer: "test", at: now) else {
      return nil
    }
    lost = dispatch.welcome(session, sessionName: "s", wanted: [], at: now)
    if credits > 0 { dispatch.credit(session, [Credit(handler: "h", count: credits)]) }
    return dispatch.nextMessage(session)?.welcome
  }

  /// What the last Welcome gave up.
  private(set) var lost: [SlotCommand] = []

  /// A new ready task of handler `h`, as the change that creates it.
  mutating func task(
    handler: String = "h",
    param: String = "",
    limits: TimeLimits = TimeLimits()
  ) -> SlotChange {
    var template = TaskTemplate(namespace: "default", handler: handler)
    template.limits = limits
    template.param = param
    let record = TaskRecord(
      id: TaskID(uuid()),
      template: SharedTemplate(number: 1, value: template),
      nominalAt: now.wall,
      createdAt: now.wall
    )
    let slot = Slot(
      id: SlotID(task: record.id, shard: 0),
      phase: .waiting(readyAt: now.wall, latecomer: nil)
    )
    let move = SlotMove(
      number: 1,
      from: .created,
      to: .created,
      why: "",
      epoch: .none,
      at: now.wall
    )
    return SlotChange(slot: slot, task: record, move: move, sequence: 1)
  }

  /// Plays the store: commits `changes`, bindings included, and returns what became of the bound.
  @discardableResult
  mutating func commit(_ changes: [SlotChange]) throws -> [SlotChange] {
    try settle(dispatch.bind(after: changes, now: now.wall), changes)
  }

  /// Commits `changes` with what was bound along with them.
  @discardableResult
  mutating func settle(
    _ commands: [SlotCommand],
    _ changes: [SlotChange]
  ) throws -> [SlotChange] {
    var commit = Commit()
    commit.changes = changes
    var bound: [SlotChange] = []
    for command in commands {
      guard let change = changes.first(where: { $0.slot.id == command.slot }) else { continue }
      guard case .offer(let owner, _) = command.event else { continue }
      count += 1
      bound.append(
        try apply(.offer(to: owner, epoch: Epoch(count)), to: change, fence: nil)
      )
    }
    commit.changes += bound
    dispatch.committed(commit, at: now)
    return bound
  }

  /// One move of one slot, committed.
  mutating func move(
    _ event: SlotEvent,
    _ change: SlotChange,
    boot: BootID? = nil
  ) throws
    -> SlotChange
  {
    let moved = try apply(event, to: change, fence: Fence(epoch: change.slot.epoch, boot: boot))
    var commit = Commit()
    commit.changes = [moved]
    _ = dispatch.bind(after: [moved], now: now.wall)
    dispatch.committed(commit, at: now)
    return moved
  }

  private func apply(_ event: SlotEvent, to change: SlotChange, fence: Fence?) throws -> SlotChange
  {
    var slot = change.slot
    let policy = change.task.template.policy
    let move = try slot.apply(event, fence: fence, policy: policy, at: now.wall, jitter: 0)
    return SlotChange(
      slot: slot,
      task: change.task,
      move: move ?? change.move,
      sequence: change.sequence
    )
  }
}
