internal import Synchronization

/// Where every logger of the process writes that is not told otherwise.
package enum LoggingSystem {
  struct Settings: Sendable {
    var level = Logger.Level.info
    var sink: any LogSink = DescriptorSink(format: .text)
    var isBootstrapped = false
  }

  private static let settings = Mutex(Settings())

  static var current: Settings { settings.withLock { $0 } }

  /// Chooses the sink and level of the loggers made from now on. Called once, by the executable.
  ///
  /// Without it, messages from `info` on go to standard error as text.
  package static func bootstrap(level: Logger.Level, sink: any LogSink) {
    settings.withLock { settings in
      precondition(!settings.isBootstrapped, "the logging system is bootstrapped once")
      settings = Settings(level: level, sink: sink, isBootstrapped: true)
    }
  }
}
