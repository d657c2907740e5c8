/// Where messages go. Must not log itself.
package protocol LogSink: Sendable {
  func write(_ record: LogRecord)
}

/// One message with all that belongs to it.
package struct LogRecord: Sendable {
  package var time: LogTime
  package var level: Logger.Level
  package var label: String
  package var message: String
  package var metadata: Logger.Metadata

  package init(
    time: LogTime,
    level: Logger.Level,
    label: String,
    message: String,
    metadata: Logger.Metadata
  ) {
    self.time = time
    self.level = level
    self.label = label
    self.message = message
    self.metadata = metadata
  }
}
