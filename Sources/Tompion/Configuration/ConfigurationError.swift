/// A setting that cannot be used.
public struct ConfigurationError: Error, Sendable, Hashable {
  /// Where it stands: `config.yaml:7`, or the name of an environment variable; `nil` when it was set
  /// by the program.
  public let place: String?
  /// The setting, such as `jobConfig.capacity`; empty when the whole file is meant.
  public let setting: String
  /// What was found and what was expected.
  public let message: String
}

extension ConfigurationError: CustomStringConvertible {
  public var description: String {
    [place, setting.isEmpty ? nil : setting, message].compactMap(\.self).joined(separator: ": ")
  }
}
