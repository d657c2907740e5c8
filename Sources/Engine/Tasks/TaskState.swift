/// Where a task, or one of its slots, stands. The six names are the same everywhere.
package enum TaskState: UInt8, Sendable, Hashable, CaseIterable {
  case created = 0
  case waitingToRun = 1
  case running = 2
  case runToCompletion = 3
  case faulted = 4
  case canceled = 5

  /// The name in JSON, the proto, the database and the console.
  package var name: String {
    switch self {
    case .created: "Created"
    case .waitingToRun: "WaitingToRun"
    case .running: "Running"
    case .runToCompletion: "RunToCompletion"
    case .faulted: "Faulted"
    case .canceled: "Canceled"
    }
  }

  package init?(name: String) {
    guard let state = TaskState.allCases.first(where: { $0.name == name }) else { return nil }
    self = state
  }

  /// Whether it can never change again.
  package var isFinal: Bool {
    switch self {
    case .created, .waitingToRun, .running: false
    case .runToCompletion, .faulted, .canceled: true
    }
  }

  /// The state of a task with slots in these states; at least one is expected.
  ///
  /// What still moves decides first, then what went wrong.
  package init(ofSlots states: some Collection<TaskState>) {
    let order: [TaskState] = [.running, .waitingToRun, .created, .faulted, .canceled]
    self = order.first { states.contains($0) } ?? .runToCompletion
  }
}
