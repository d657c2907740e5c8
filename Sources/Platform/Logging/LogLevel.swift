extension Logger {
  /// How much a message matters, from least to most.
  package enum Level: String, Sendable, CaseIterable, Comparable {
    case trace
    case debug
    case info
    case notice
    case warning
    case error
    case critical

    package static func < (less: Level, more: Level) -> Bool { less.rank < more.rank }

    private var rank: Int {
      switch self {
      case .trace: 0
      case .debug: 1
      case .info: 2
      case .notice: 3
      case .warning: 4
      case .error: 5
      case .critical: 6
      }
    }
  }
}

/// A log level that a configuration names and that does not exist.
package struct LogLevelError: Error, Hashable, CustomStringConvertible {
  package let text: String

  package var description: String {
    let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
    return "unknown log level “\(text.prefix(40))”, expected one of \(levels)"
  }
}

extension Logger.Level {
  /// Reads a level's name, in any case.
  package init(configuration text: String) throws(LogLevelError) {
    guard let level = Self(rawValue: text.lowercased()) else { throw LogLevelError(text: text) }
    self = level
  }
}
