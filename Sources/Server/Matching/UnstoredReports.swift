package import Engine
package import Store

/// Reports that the store could not take: those of each process in their order, to be tried again.
///
/// While any wait, later ones of the same process go behind them: a result that is stored before its
/// start would be refused, and the worker would drop it.
package struct UnstoredReports: Sendable {
  /// About how many bytes may wait, of all workers together.
  package static let bound = 64 << 20

  /// Names reports that are on their way to the store; larger for what came later.
  package typealias Ticket = UInt64

  fileprivate struct Batch {
    let ticket: Ticket
    var commands: [SlotCommand]
  }

  private struct Queue {
    /// What waits, in the order in which it came.
    var batches: [Batch] = []
    /// How many of the first are being tried now.
    var tried = 0
    /// How many are on their way for the first time: they came before, and may yet join those that wait.
    var underway = 0

    var isIdle: Bool { batches.isEmpty && underway == 0 }
  }

  private var queues: [BootID: Queue] = [:]
  private var lastTicket: Ticket = 0
  private(set) package var bytes = 0

  package init() {}

  package enum Place: Sendable, Hashable {
    /// Nothing waits: store them now, then say what came of it with `stored` or `failed`.
    case first(Ticket)
    case behindOthers
    /// There is no room. Nothing of the process is kept: it has all of it, and must say it anew.
    case none
  }

  /// Where new reports of a process go.
  package mutating func place(_ commands: [SlotCommand], of boot: BootID) -> Place {
    lastTicket += 1
    guard queues[boot]?.batches.isEmpty ?? true else { return keep(commands, lastTicket, of: boot) }
    queues[boot, default: Queue()].underway += 1
    return .first(lastTicket)
  }

  /// Keeps reports that the store did not take.
  package mutating func failed(
    _ commands: [SlotCommand],
    _ ticket: Ticket,
    of boot: BootID
  ) -> Place {
    queues[boot]?.underway -= 1
    return keep(commands, ticket, of: boot)
  }

  /// The store has answered. What it refused while earlier reports of the same slot wait was only too
  /// early: it is kept, and left out of what is returned.
  package mutating func stored(
    _ commands: [SlotCommand],
    _ verdicts: [Verdict],
    _ ticket: Ticket,
    of boot: BootID
  ) -> (commands: [SlotCommand], verdicts: [Verdict]) {
    queues[boot]?.underway -= 1
    guard let queue = queues[boot], !queue.isIdle else {
      queues[boot] = nil
      return (commands, verdicts)
    }
    let slots = Set(queue.batches.flatMap { $0.commands.map(\.slot) })
    var answered: (commands: [SlotCommand], verdicts: [Verdict]) = ([], [])
    var early: [SlotCommand] = []
    for (command, verdict) in zip(commands, verdicts) {
      if verdict == .refused(.illegalMove), slots.contains(command.slot) {
        early.append(command)
      } else {
        answered.commands.append(command)
        answered.verdicts.append(verdict)
      }
    }
    if !early.isEmpty { _ = keep(early, ticket, of: boot) }
    return answered
  }

  /// Puts reports where they belong: two batches may fail one after the other, with a third in between
  /// that already waits.
  private mutating func keep(
    _ commands: [SlotCommand],
    _ ticket: Ticket,
    of boot: BootID
  ) -> Place {
    let size = commands.reduce(0) { $0 + $1.size }
    guard bytes + size <= UnstoredReports.bound else {
      drop(boot)
      return .none
    }
    bytes += size
    var queue = queues[boot] ?? Queue()
    let place = queue.batches.firstIndex { $0.ticket > ticket } ?? queue.batches.count
    queue.batches.insert(Batch(ticket: ticket, commands: commands), at: max(place, queue.tried))
    queues[boot] = queue
    return .behindOthers
  }

  // MARK: Trying again

  /// What to try now; `tried` or `failed` must follow for each process.
  package mutating func takeTurns() -> [(boot: BootID, commands: [SlotCommand])] {
    queues.keys.compactMap { boot in takeTurn(boot).map { (boot, $0) } }
  }

  /// What to try next of one process; `nil` when nothing waits, some is being tried, or some is under
  /// way that may belong before it.
  package mutating func takeTurn(_ boot: BootID) -> [SlotCommand]? {
    guard let queue = queues[boot], queue.tried == 0, queue.underway == 0, !queue.batches.isEmpty
    else { return nil }
    queues[boot]?.tried = queue.batches.count
    return queue.batches.flatMap(\.commands)
  }

  /// The store has taken what was tried.
  package mutating func tried(_ boot: BootID) {
    guard var queue = queues.removeValue(forKey: boot) else { return }
    for batch in queue.batches.prefix(queue.tried) { bytes -= batch.size }
    queue.batches.removeFirst(queue.tried)
    queue.tried = 0
    if !queue.isIdle { queues[boot] = queue }
  }

  package mutating func failed(_ boot: BootID) {
    queues[boot]?.tried = 0
  }

  private mutating func drop(_ boot: BootID) {
    guard let queue = queues[boot] else { return }
    for batch in queue.batches { bytes -= batch.size }
    queues[boot]?.batches = []
    queues[boot]?.tried = 0
    if queue.underway == 0 { queues[boot] = nil }
  }
}

extension UnstoredReports.Batch {
  fileprivate var size: Int { commands.reduce(0) { $0 + $1.size } }
}

extension SlotCommand {
  /// About how many bytes it takes in memory.
  fileprivate var size: Int {
    let content =
      switch event {
      case .succeeded(let result): result.count
      case .failed(let text, _, _), .stopped(let text), .declined(let text): text.utf8.count
      default: 0
      }
    return 128 + content
  }
}
