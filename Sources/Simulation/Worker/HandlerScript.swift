import Engine
import TompionTesting

/// What a handler is going to do, once it was entered.
struct HandlerScript {
  enum End {
    case succeeds
    case fails(isRetryable: Bool, retryAfter: Duration?)
    /// It throws `CancellationError` though nobody asked it to.
    case givesUp
  }

  var end: End
  /// From the start to that end, if nothing comes in between.
  var duration: Duration
  /// How long it takes to heed a cancellation; `nil` when it does not.
  var heeds: Duration?
  /// The pause between two signs of progress; `nil` when it gives none.
  var progress: Duration?

  /// A handler that does its work soon and well.
  static func calm(_ random: inout SeededRandom) -> HandlerScript {
    HandlerScript(
      end: .succeeds,
      duration: random.duration(.zero ... .milliseconds(200)),
      heeds: .zero,
      progress: nil
    )
  }

  /// Anything that handlers do.
  static func any(_ random: inout SeededRandom) -> HandlerScript {
    HandlerScript(
      end: end(&random),
      duration: duration(&random),
      heeds: random.chance(0.85) ? random.duration(.zero ... .milliseconds(500)) : nil,
      progress: random.chance(0.3) ? random.duration(.milliseconds(300) ... .seconds(2)) : nil
    )
  }

  private static func end(_ random: inout SeededRandom) -> End {
    switch random.int(0...99) {
    case 0..<70: .succeeds
    case 70..<84: .fails(isRetryable: true, retryAfter: nil)
    case 84..<89: .fails(isRetryable: true, retryAfter: random.duration(.zero ... .seconds(3)))
    case 89..<95: .fails(isRetryable: false, retryAfter: nil)
    default: .givesUp
    }
  }

  private static func duration(_ random: inout SeededRandom) -> Duration {
    switch random.int(0...99) {
    case 0..<45: random.duration(.zero ... .milliseconds(50))
    case 45..<80: random.duration(.milliseconds(50) ... .seconds(2))
    case 80..<97: random.duration(.seconds(2) ... .seconds(12))
    default: random.duration(.seconds(12) ... .seconds(40))
    }
  }
}
