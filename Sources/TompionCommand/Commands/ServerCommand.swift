import Foundation

/// `tompion server`
enum ServerCommand {
  static func command(environment: [String: String]) -> Command {
    Command(
      "server",
      "Runs the scheduler: triggers, matching, and the control API.",
      options: [
        Option("config", "FILE", "A YAML file with these settings, named alike.")
          .environment("TOMPION_CONFIG")
      ] + ServerSettings.options,
      example: "tompion server --data-dir /var/lib/tompion",
      notes: [
        "A flag counts before the environment, the environment before the file.",
        "SIGTERM drains and exits 0; a second one stops at once.",
      ]
    ) { arguments, terminal in
      let configuration: ServerConfiguration
      do throws(ConfigurationError) {
        configuration = try Self.configuration(arguments, environment)
      } catch {
        terminal.complain("tompion server: \(error)")
        return .wrongUsage
      }
      return try await ServerLaunch.run(configuration)
    }
  }

  static func configuration(
    _ arguments: Arguments,
    _ environment: [String: String]
  ) throws(ConfigurationError) -> ServerConfiguration {
    var flags: [String: String] = [:]
    for option in ServerSettings.options { flags[option.name] = arguments.typed(option.name) }
    let settings = try ServerSettings(
      flags: flags,
      environment: environment,
      file: try arguments["config"].map { name throws(ConfigurationError) in
        (name, try text(of: name))
      }
    )
    return try settings.configuration()
  }

  private static func text(of name: String) throws(ConfigurationError) -> String {
    do {
      return try String(contentsOfFile: name, encoding: .utf8)
    } catch {
      throw ConfigurationError(description: "\(name) cannot be read as UTF-8 text")
    }
  }
}
