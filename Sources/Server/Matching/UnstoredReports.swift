package import Engine
package import Store

/// Reports that the store could not take: those of each process in their order, to be tried again.
///
/// While any wait, later ones of the same process go behind them: a result that is stored before its
/// start would be refused, and the worker would drop it.
package struct UnstoredReports: Sendable {
  /// About how many bytes may wait, of all workers together.
  package static let bound = 64 << 20

  private struct Queue {
    var commands: [SlotCommand] = []
    /// How many of the first are being tried now.
    var tried = 0
  }

  private var queues: [BootID: Queue] = [:]
  private(set) package var bytes = 0

  package init() {}

  package enum Place: Sendable {
    /// Nothing waits: store them now.
    case first
    case behindOthers
    /// There is no room. Nothing of the process is kept: it has all of it, and must say it anew.
    case none
  }

  /// Where new reports of a process go.
  package mutating func place(_ commands: [SlotCommand], of boot: BootID) -> Place {
    queues[boot] == nil ? .first : keep(commands, of: boot)
  }

  /// Keeps reports that the store did not take.
  package mutating func keep(_ commands: [SlotCommand], of boot: BootID) -> Place {
    let size = commands.reduce(0) { $0 + $1.size }
    guard bytes + size <= UnstoredReports.bound else {
      drop(boot)
      return .none
    }
    bytes += size
    queues[boot, default: Queue()].commands += commands
    return .behindOthers
  }

  /// Takes out the reports that were refused while earlier ones of the same slot wait: they were only
  /// too early.
  package mutating func keepEarly(
    _ commands: [SlotCommand],
    _ verdicts: [Verdict],
    of boot: BootID
  ) -> (commands: [SlotCommand], verdicts: [Verdict]) {
    guard let waiting = queues[boot] else { return (commands, verdicts) }
    let slots = Set(waiting.commands.map(\.slot))
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
    if !early.isEmpty { _ = keep(early, of: boot) }
    return answered
  }

  // MARK: Trying again

  /// What to try now; `tried` or `failed` must follow for each process.
  package mutating func takeTurns() -> [(boot: BootID, commands: [SlotCommand])] {
    queues.keys.compactMap { boot in takeTurn(boot).map { (boot, $0) } }
  }

  /// What to try next of one process; `nil` when nothing waits, or some is being tried.
  package mutating func takeTurn(_ boot: BootID) -> [SlotCommand]? {
    guard let queue = queues[boot], queue.tried == 0 else { return nil }
    queues[boot]?.tried = queue.commands.count
    return queue.commands
  }

  /// The store has taken what was tried.
  package mutating func tried(_ boot: BootID) {
    guard var queue = queues.removeValue(forKey: boot) else { return }
    bytes -= queue.commands.prefix(queue.tried).reduce(0) { $0 + $1.size }
    queue.commands.removeFirst(queue.tried)
    queue.tried = 0
    if !queue.commands.isEmpty { queues[boot] = queue }
  }

  package mutating func failed(_ boot: BootID) {
    queues[boot]?.tried = 0
  }

  private mutating func drop(_ boot: BootID) {
    guard let queue = queues.removeValue(forKey: boot) else { return }
    bytes -= queue.commands.reduce(0) { $0 + $1.size }
  }
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
