/// Says what happens, to whoever reads the log. The calls have the shape of swift-log's.
package struct Logger: Sendable {
  /// The part of the program that speaks, such as `tompion.matching`.
  package let label: String
  /// Less important messages are dropped, and never even made.
  package var logLevel: Level
  /// Facts that go with every message of this logger.
  package var metadata = Metadata()

  private let sink: any LogSink

  /// A logger that writes where `LoggingSystem` says at this moment.
  package init(label: String) {
    let system = LoggingSystem.current
    self.init(label: label, level: system.level, sink: system.sink)
  }

  package init(label: String, level: Level = .info, sink: any LogSink) {
    self.label = label
    logLevel = level
    self.sink = sink
  }

  package subscript(metadataKey key: String) -> MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(
    level: Level,
    _ message: @autoclosure () -> Message,
    metadata: @autoclosure () -> Metadata? = nil
  ) {
    guard level >= logLevel else { return }
    sink.write(
      LogRecord(
        time: LogTime.now(),
        level: level,
        label: label,
        message: message().description,
        metadata: self.metadata.merging(metadata())
      )
    )
  }
}

extension Logger {
  package func trace(
    _ message: @autoclosure () -> Message,
    metadata: @autoclosure () -> Metadata? = nil
  ) {
    log(level: .trace, message(), metadata: metadata())
  }

  package func debug(
    _ message: @autoclosure () -> Message,
    metadata: @autoclosure () -> Metadata? = nil
  ) {
    log(level: .debug, message(), metadata: metadata())
  }

  package func info(
    _ message: @autoclosure () -> Message,
    metadata: @autoclosure () -> Metadata? = nil
  ) {
    log(level: .info, message(), metadata: metadata())
  }

  package func notice(
    _ message: @autoclosure () -> Message,
    metadata: @autoclosure () -> Metadata? = nil
  ) {
    log(level: .notice, message(), metadata: metadata())
  }

  package func warning(
    _ message: @autoclosure () -> Message,
    metadata: @autoclosure () -> Metadata? = nil
  ) {
    log(level: .warning, message(), metadata: metadata())
  }

  package func error(
    _ message: @autoclosure () -> Message,
    metadata: @autoclosure () -> Metadata? = nil
  ) {
    log(level: .error, message(), metadata: metadata())
  }

  package func critical(
    _ message: @autoclosure () -> Message,
    metadata: @autoclosure () -> Metadata? = nil
  ) {
    log(level: .critical, message(), metadata: metadata())
  }
}
