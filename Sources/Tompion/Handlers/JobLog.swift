internal import Engine
internal import Wire

/// The log of one run. The calls have the shape of swift-log's.
///
/// A line holds 8 KiB with its metadata; what is longer is cut. A run may write 1 MiB, and so much
/// may wait for the connection; beyond that lines are dropped and counted, and the log ends with
/// “n lines dropped”.
public struct JobLog: Sendable {
  /// How much a line matters, from least to most.
  public enum Level: String, Sendable, Hashable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
  }

  let run: ActiveRun

  public func log(level: Level, _ message: String, metadata: [String: String] = [:]) {
    run.log(LineBuilder.line(level, message, metadata))
  }

  public func trace(_ message: String, metadata: [String: String] = [:]) {
    log(level: .trace, message, metadata: metadata)
  }

  public func debug(_ message: String, metadata: [String: String] = [:]) {
    log(level: .debug, message, metadata: metadata)
  }

  public func info(_ message: String, metadata: [String: String] = [:]) {
    log(level: .info, message, metadata: metadata)
  }

  public func notice(_ message: String, metadata: [String: String] = [:]) {
    log(level: .notice, message, metadata: metadata)
  }

  public func warning(_ message: String, metadata: [String: String] = [:]) {
    log(level: .warning, message, metadata: metadata)
  }

  public func error(_ message: String, metadata: [String: String] = [:]) {
    log(level: .error, message, metadata: metadata)
  }

  public func critical(_ message: String, metadata: [String: String] = [:]) {
    log(level: .critical, message, metadata: metadata)
  }
}

/// Brings what a handler says into the limits of a line.
enum LineBuilder {
  static func line(
    _ level: JobLog.Level,
    _ message: String,
    _ metadata: [String: String]
  ) -> Report.LogLine {
    var line = Report.LogLine(
      at: SystemTime.wall(),
      level: Report.LogLine.Level(rawValue: level.rawValue) ?? .info,
      message: message.clipped(to: WireLimits.logLine)
    )
    guard !metadata.isEmpty else { return line }
    var left = WireLimits.logLine - line.message.utf8.count
    let named = metadata.filter { !$0.key.isEmpty }.sorted { $0.key < $1.key }
    for (key, value) in named.prefix(WireLimits.labelCount) {
      let key = key.clipped(to: WireLimits.name)
      let value = value.clipped(to: max(0, left - key.utf8.count))
      left -= key.utf8.count + value.utf8.count
      guard left >= 0 else { break }
      line.metadata.append(.init(key: key, value: value))
    }
    return line
  }
}
