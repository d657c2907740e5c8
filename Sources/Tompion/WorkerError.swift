/// Why a group of handlers could not do what it was asked.
public enum WorkerError: Error, Sendable, Hashable {
  /// A handler was added twice under this name.
  case duplicateHandler(String)
  /// The name of a handler has 1 to 128 bytes.
  case badName(String)
  /// A worker has at most 1,000 handlers.
  case tooManyHandlers
  /// A group without handlers cannot be started.
  case noHandlers
  /// A group is started once, and takes no handlers after that.
  case alreadyStarted
}

extension WorkerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .duplicateHandler(let name): "a handler named “\(name)” was added before"
    case .badName(let name): "“\(name)” cannot name a handler: 1 to 128 bytes are needed"
    case .tooManyHandlers: "a worker has at most 1,000 handlers"
    case .noHandlers: "no handler was added"
    case .alreadyStarted: "the group was started before"
    }
  }
}
