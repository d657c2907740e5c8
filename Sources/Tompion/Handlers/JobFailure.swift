/// Why a run failed, and how to go on.
public struct JobFailure: Error, Sendable, Hashable {
  /// For whoever looks at the run. What is longer than 8 KiB is cut.
  public var message: String
  /// False when another attempt is useless.
  public var retryable: Bool
  /// How long to wait before the next attempt; `nil` leaves it to the trigger's policy.
  public var retryAfter: Duration?

  public init(_ message: String, retryable: Bool = true, retryAfter: Duration? = nil) {
    self.message = message
    self.retryable = retryable
    self.retryAfter = retryAfter
  }
}

extension JobFailure: CustomStringConvertible {
  public var description: String { message }
}

/// A result that is larger than the server takes.
public struct ResultTooLarge: Error, Sendable, Hashable, CustomStringConvertible {
  /// How many bytes the result has.
  public let count: Int
  /// How many it may have.
  public let limit: Int

  public var description: String {
    "the result has \(count) bytes; the server takes \(limit)"
  }
}
