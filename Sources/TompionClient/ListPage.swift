/// Which part of a list to ask for.
public struct ListPage: Sendable, Hashable {
  /// 1 to 1,000; 100 when `nil`.
  public var limit: Int?
  /// The `nextCursor` of the part before; `nil` for the first.
  public var cursor: String?

  public init(limit: Int? = nil, cursor: String? = nil) {
    self.limit = limit
    self.cursor = cursor
  }
}

/// Which tasks to list; `nil` is any.
public struct TaskFilter: Sendable, Hashable {
  /// `Created`, `WaitingToRun`, `Running`, `RunToCompletion`, `Faulted` or `Canceled`.
  public var state: String?
  public var trigger: String?
  public var handler: String?

  public init(state: String? = nil, trigger: String? = nil, handler: String? = nil) {
    self.state = state
    self.trigger = trigger
    self.handler = handler
  }
}
