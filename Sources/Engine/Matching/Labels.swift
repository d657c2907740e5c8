/// Key and value pairs by which tasks and workers find each other.
package struct Labels: Sendable, Hashable, Codable {
  package let pairs: [String: String]

  package init(_ pairs: [String: String] = [:]) {
    self.pairs = pairs
  }

  package static let none = Labels()
}

/// When a worker's labels agree with a task's.
package enum LabelMatching: UInt8, Sendable, Hashable {
  /// The sets are equal: a dyed worker takes no plain task.
  case exact
  /// The worker carries every label of the task, and perhaps more.
  case subset

  package func agrees(worker: Labels, task: Labels) -> Bool {
    switch self {
    case .exact: worker == task
    case .subset: task.pairs.allSatisfy { worker.pairs[$0.key] == $0.value }
    }
  }
}
