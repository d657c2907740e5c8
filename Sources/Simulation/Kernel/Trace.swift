import Engine

/// What happened, folded into one number, and written down when somebody wants to read it.
struct Trace {
  /// What kind of thing happened; the name is what a reader sees.
  enum Kind: UInt8 {
    case commit, fault, send, receive, enter, leave, process, connection, client, phase, answer
  }

  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  private(set) var lines: [String] = []
  private let isWritten: Bool

  init(isWritten: Bool) {
    self.isWritten = isWritten
  }

  /// Notes one thing. `first` and `second` tell it from others of its kind; `text` is for the reader.
  mutating func note(
    _ kind: Kind,
    at now: Int64,
    _ first: UInt64,
    _ second: UInt64,
    _ text: () -> String
  ) {
    for value in [UInt64(kind.rawValue), UInt64(bitPattern: now), first, second] {
      hash = (hash ^ value) &* 0x0000_0100_0000_01b3
      hash ^= hash >> 29
    }
    guard isWritten else { return }
    lines.append("\(Trace.time(now))  \(kind)  \(text())")
  }

  /// Seconds with six digits behind the point.
  private static func time(_ now: Int64) -> String {
    let text = String(now + 1_000_000_000_000)  // Leading zeros, to be cut.
    let digits = text.dropFirst()
    return "\(digits.dropLast(6).drop { $0 == "0" }).\(digits.suffix(6))"
  }
}
