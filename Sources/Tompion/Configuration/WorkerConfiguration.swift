internal import Foundation
internal import PlatformGRPC

/// How a worker finds its servers, and what it takes from them. The defaults suit one machine.
public struct WorkerConfiguration: Sendable, Hashable {
  /// The service that the handlers belong to; shown to operators.
  public var app = ""
  /// Registers and runs nothing.
  public var isDisabled = false
  /// Where servers listen for workers, as `host:port`. Tried in turn, from a random one on.
  public var servers = ["127.0.0.1:7701"]
  public var namespace = "default"
  /// What is said about single handlers, by their name.
  public var handlers: [String: Handler] = [:]
  public var labels: [String: String] = [:]
  public var labelMatching = LabelMatching.exact
  /// How many handlers run at once, all names together: 1 to 100,000.
  public var capacity = 100
  /// The stable name of this worker, unique in its namespace; `nil` makes one of host and process.
  public var workerID: String?
  /// What the server asks for before it hands out work; `nil` sends nothing.
  public var token: String?
  /// `nil` connects without encryption.
  public var tls: TLS?

  public init() {}

  public struct Handler: Sendable, Hashable {
    /// The handler is not registered.
    public var isDisabled = false

    public init(isDisabled: Bool = false) {
      self.isDisabled = isDisabled
    }
  }

  /// Which tasks a worker with labels takes.
  public enum LabelMatching: String, Sendable, Hashable, CaseIterable {
    /// Those with the same labels.
    case exact
    /// Those whose labels it carries, even if it has more.
    case subset
  }

  public struct TLS: Sendable, Hashable {
    /// A file of certificates in PEM that servers are checked against; `nil` uses the system's.
    public var ca: String?

    public init(ca: String? = nil) {
      self.ca = ca
    }

    func load() throws(ConfigurationError) -> GRPCClientTLS {
      guard let ca else { return GRPCClientTLS() }
      do {
        return GRPCClientTLS(roots: try String(contentsOfFile: ca, encoding: .utf8))
      } catch {
        throw ConfigurationError(
          place: nil,
          setting: "tls.ca",
          message: "cannot read \(ca): \(error.localizedDescription)"
        )
      }
    }
  }
}

extension WorkerConfiguration {
  /// Finds what only the program itself can have set wrongly; a file is checked as it is read.
  func validate() throws(ConfigurationError) {
    try Rules.check(Rules.servers(servers.joined(separator: ",")).map { _ in }, "servers")
    try Rules.check(Rules.name(namespace).map { _ in }, "namespace")
    try Rules.check(Rules.capacity(capacity).map { _ in }, "capacity")
    if let workerID { try Rules.check(Rules.name(workerID).map { _ in }, "workerID") }
    if let token { try Rules.check(Rules.token(token).map { _ in }, "token") }
    try Rules.check(Rules.labels(labels).map { _ in }, "labels")
    try Rules.check(Rules.app(app).map { _ in }, "app")
  }
}
