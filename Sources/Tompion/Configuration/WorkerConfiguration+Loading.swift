public import Foundation
internal import PlatformYAML

extension WorkerConfiguration {
  /// Reads the part `jobConfig` of a YAML file; the environment goes over it.
  ///
  ///     jobConfig:
  ///       app: "demo"                     # the service that the handlers belong to
  ///       disable: false                  # true registers and runs nothing
  ///       jobCenterService:
  ///         rpcAddress: "127.0.0.1:7701"  # several with commas between
  ///         namespace: "default"
  ///       handlers:
  ///         hello-world1:
  ///           disable: true               # this one is not registered
  ///       labels: { colour: blue }
  ///       labelMatching: exact            # or subset
  ///       capacity: 100
  ///       workerID: "printer-1"
  ///       token: "…"
  ///       tls: { ca: ca.pem }
  ///
  /// Variables: `TOMPION_GRPC`, `TOMPION_NAMESPACE`, `TOMPION_TOKEN`, `TOMPION_WORKER_ID`,
  /// `TOMPION_CAPACITY`, `TOMPION_LABELS` (`key=value,…`), `TOMPION_LABEL_MATCHING`, `TOMPION_CA`.
  ///
  /// - Throws: `ConfigurationError` naming the file, the line and the setting.
  public static func load(
    _ path: String,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ConfigurationError) -> WorkerConfiguration {
    var configuration = try parse(contents(of: path), file: path)
    try configuration.apply(environment)
    return configuration
  }

  /// The defaults, with the environment over them.
  public static func load(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ConfigurationError) -> WorkerConfiguration {
    var configuration = WorkerConfiguration()
    try configuration.apply(environment)
    return configuration
  }

  private static func contents(of path: String) throws(ConfigurationError) -> String {
    do {
      return try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      let message = "cannot be read: \(error.localizedDescription)"
      throw ConfigurationError(place: path, setting: "", message: message)
    }
  }

  static func parse(
    _ text: String,
    file: String
  ) throws(ConfigurationError) -> WorkerConfiguration {
    do throws(YAMLError) {
      var configuration = WorkerConfiguration()
      if let settings = try YAML.parse(text)["jobConfig"] { try configuration.apply(settings) }
      return configuration
    } catch {
      throw ConfigurationError(
        place: "\(file):\(error.line)",
        setting: error.path,
        message: error.message
      )
    }
  }
}
