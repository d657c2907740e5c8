import Engine

/// Where a slot can be, as the oracle tells places apart.
enum Place: Hashable {
  case waiting, held, offered, running, stopping, completed, faulted, canceled

  var isFinal: Bool { [.completed, .faulted, .canceled].contains(self) }
  var isInHand: Bool { [.offered, .running, .stopping].contains(self) }

  init(_ phase: Slot.Phase) {
    switch phase {
    case .waiting: self = .waiting
    case .held: self = .held
    case .offered: self = .offered
    case .running: self = .running
    case .stopping: self = .stopping
    case .completed: self = .completed
    case .faulted: self = .faulted
    case .canceled: self = .canceled
    }
  }

  /// Where a move leads, read from the move alone.
  init(after move: SlotMove) {
    switch move.to {
    case .created: self = move.readyAt == nil ? .held : .waiting
    case .waitingToRun: self = .offered
    case .running: self = move.number == 11 ? .stopping : .running
    case .runToCompletion: self = .completed
    case .faulted: self = .faulted
    case .canceled: self = .canceled
    }
  }

  /// The state of the six that others see.
  var state: TaskState {
    switch self {
    case .waiting, .held: .created
    case .offered: .waitingToRun
    case .running, .stopping: .running
    case .completed: .runToCompletion
    case .faulted: .faulted
    case .canceled: .canceled
    }
  }
}

/// The table of legal moves, written down from the delivery semantics and not from the engine.
enum MoveTable {
  static let rows: [UInt8: (from: Set<Place>, to: Set<Place>)] = [
    2: ([.held], [.waiting, .held]),
    3: ([.waiting], [.offered]),
    4: ([.offered], [.running]),
    5: ([.offered], [.waiting, .faulted]),
    6: ([.offered], [.canceled]),
    7: ([.running], [.completed]),
    8: ([.running], [.waiting]),
    9: ([.running], [.faulted]),
    10: ([.running], [.waiting, .faulted]),
    11: ([.running, .stopping], [.stopping]),
    12: ([.stopping], [.canceled]),
    13: ([.stopping], [.waiting, .faulted]),
    14: ([.stopping], [.completed]),
    15: ([.stopping], [.waiting, .faulted, .canceled]),
    16: ([.running], [.waiting, .faulted]),
    17: ([.waiting, .held], [.canceled]),
    18: ([.waiting, .held], [.faulted]),
    19: ([.waiting], [.completed]),
    20: ([.waiting, .held, .offered], [.waiting, .held]),
    22: ([.offered], [.faulted, .canceled]),
  ]

  /// Moves that store the result of a run.
  static let accepting: Set<UInt8> = [7, 14, 19]
  /// Moves that end a run which has started.
  static let ending: Set<UInt8> = [7, 8, 9, 10, 12, 13, 14, 15, 16]
}
