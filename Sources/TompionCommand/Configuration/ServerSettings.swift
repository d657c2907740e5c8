import Engine
import PlatformLogging
import PlatformYAML

/// A setting that cannot be used: which one, where it was given, and what was expected.
struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  let description: String
}

/// The settings of the server, by the names of their options, each with the place it came from.
///
/// A flag counts before the environment, the environment before the file, the file before the default.
struct ServerSettings: Sendable {
  private struct Setting: Sendable {
    let text: String
    /// As a message names it: `--http`, `TOMPION_HTTP`, or `tompion.yaml, line 3: http`.
    let place: String
  }

  private var settings: [String: Setting] = [:]

  static let options = [
    Option("data-dir", "DIR", "Where the store keeps its files.")
      .standard("./tompion-data").environment("TOMPION_DATA_DIR"),
    Option("database", "URL", "The store: sqlite, in the data directory.")
      .standard("sqlite").environment("TOMPION_DATABASE"),
    Option("http", "HOST:PORT", "Where the control API listens.")
      .standard("127.0.0.1:7700").environment("TOMPION_HTTP"),
    Option("grpc", "HOST:PORT", "Where workers connect.")
      .standard("127.0.0.1:7701").environment("TOMPION_GRPC"),
    Option("token", "TOKEN", "What clients and workers must show.")
      .environment("TOMPION_TOKEN"),
    Option("lease", "D", "How long a worker may be silent, 2s to 5m.")
      .standard("10s").environment("TOMPION_LEASE"),
    Option("synchronous", "MODE", "Whether what was acknowledged survives power loss.")
      .standard("full").environment("TOMPION_SYNCHRONOUS")
      .choices(ServerConfiguration.Synchronous.allCases.map(\.rawValue)),
    Option("log-level", "LEVEL", "The least that is logged.")
      .standard("info").environment("TOMPION_LOG_LEVEL")
      .choices(Logger.Level.allCases.map(\.rawValue)),
    Option("log-format", "FORMAT", "How log lines look.")
      .standard("text").environment("TOMPION_LOG_FORMAT")
      .choices(ServerConfiguration.LogForm.allCases.map(\.rawValue)),
    Option("roles", "LIST", "What this process does; all three.")
      .standard(allRoles).environment("TOMPION_ROLES"),
  ]

  private static let allRoles = "controller,trigger,matching"

  /// - Parameter file: The text of a YAML file and its name.
  init(
    flags: [String: String],
    environment: [String: String],
    file: (name: String, text: String)?
  ) throws(ConfigurationError) {
    if let file { try read(file.text, of: file.name) }
    for option in Self.options {
      if let variable = option.environment, let text = environment[variable], !text.isEmpty {
        settings[option.name] = Setting(text: text, place: variable)
      }
      if let text = flags[option.name] {
        settings[option.name] = Setting(text: text, place: "--\(option.name)")
      }
    }
  }

  private mutating func read(_ text: String, of file: String) throws(ConfigurationError) {
    do throws(YAMLError) {
      let document = try YAML.parse(text)
      guard !document.isNull else { return }
      let known = Set(Self.options.map(\.name))
      for entry in try document.mapping.entries {
        guard known.contains(entry.key) else {
          throw YAMLError(
            line: entry.line,
            column: entry.column,
            message: "there is no setting \(entry.key)"
              + Suggestion.text(for: entry.key, among: known.sorted())
          )
        }
        guard !entry.value.isNull else { continue }
        settings[entry.key] = Setting(
          text: try entry.value.scalarText,
          place: "\(file), line \(entry.line): \(entry.key)"
        )
      }
    } catch {
      throw ConfigurationError(description: "\(file), \(error)")
    }
  }

  /// The configuration, every setting checked.
  func configuration() throws(ConfigurationError) -> ServerConfiguration {
    var configuration = ServerConfiguration()
    try checkWhatThereIsOneOf()
    if let setting = settings["data-dir"] {
      guard !setting.text.isEmpty else { throw wrong(setting, "a directory") }
      configuration.dataDirectory = setting.text
    }
    configuration.http = try address("http", configuration.http)
    configuration.grpc = try address("grpc", configuration.grpc)
    configuration.token = try token()
    configuration.lease = try lease(configuration.lease)
    configuration.synchronous = try choice("synchronous", configuration.synchronous)
    configuration.logFormat = try choice("log-format", configuration.logFormat)
    if let setting = settings["log-level"] {
      guard (try? Logger.Level(configuration: setting.text)) != nil else {
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        throw wrong(setting, "one of \(levels)")
      }
      configuration.logLevel = setting.text
    }
    try refuseOpenDoors(configuration)
    return configuration
  }

  private func wrong(_ setting: Setting, _ expected: String) -> ConfigurationError {
    ConfigurationError(
      description: "\(setting.place) must be \(expected), not \"\(setting.text.printable)\""
    )
  }

  /// Settings that have one value for now.
  private func checkWhatThereIsOneOf() throws(ConfigurationError) {
    if let setting = settings["database"], !["", "sqlite"].contains(setting.text) {
      throw ConfigurationError(
        description: "\(setting.place) must be sqlite, the one store there is; "
          + "its file lies in the data directory"
      )
    }
    if let setting = settings["roles"] {
      let roles = Set(setting.text.split(separator: ",").map { $0.filter { $0 != " " } })
      guard roles == Set(Self.allRoles.split(separator: ",").map(String.init)) else {
        throw wrong(setting, "\(Self.allRoles): one process has all roles")
      }
    }
  }

  private func address(
    _ name: String,
    _ standard: ServerConfiguration.Address
  ) throws(ConfigurationError) -> ServerConfiguration.Address {
    guard let setting = settings[name] else { return standard }
    guard let address = ServerConfiguration.Address(setting.text) else {
      throw wrong(setting, "HOST:PORT, such as \(standard)")
    }
    return address
  }

  private func token() throws(ConfigurationError) -> String? {
    guard let setting = settings["token"] else { return nil }
    guard (8...512).contains(setting.text.utf8.count),
      setting.text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else {
      throw ConfigurationError(
        description: "\(setting.place) must be 8 to 512 printable ASCII characters without blanks"
      )
    }
    return setting.text
  }

  private func lease(_ standard: Duration) throws(ConfigurationError) -> Duration {
    guard let setting = settings["lease"] else { return standard }
    guard let lease = try? Duration(parsing: setting.text),
      (.seconds(2) ... .seconds(300)).contains(lease)
    else { throw wrong(setting, "a duration from 2s to 5m") }
    return lease
  }

  private func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String,
    _ standard: Choice
  ) throws(ConfigurationError) -> Choice {
    guard let setting = settings[name] else { return standard }
    guard let choice = Choice(rawValue: setting.text) else {
      throw wrong(setting, "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  /// Whoever can reach the server can run things: beyond this machine that takes a token.
  private func refuseOpenDoors(
    _ configuration: ServerConfiguration
  ) throws(ConfigurationError) {
    guard configuration.token == nil else { return }
    for (name, address) in [("http", configuration.http), ("grpc", configuration.grpc)]
    where !address.isLoopback {
      throw ConfigurationError(
        description: "\(settings[name]?.place ?? "--\(name)"): \(address) can be reached from "
          + "elsewhere; set a token (--token or TOMPION_TOKEN) or listen on 127.0.0.1"
      )
    }
  }
}
