/// How `tompion server` runs. The defaults suit one machine.
struct ServerConfiguration: Sendable, Hashable {
  /// Where the store keeps its files.
  var dataDirectory = "./tompion-data"
  var http = Address(host: "127.0.0.1", port: 7700)
  var grpc = Address(host: "127.0.0.1", port: 7701)
  /// What clients and workers must show; `nil` asks for nothing.
  var token: String?
  /// How long a worker may be silent before its runs go to others. 2 s to 5 min.
  var lease: Duration = .seconds(10)
  var synchronous = Synchronous.full
  /// The name of a level, as `info`.
  var logLevel = "info"
  var logFormat = LogForm.text

  /// What survives power loss.
  enum Synchronous: String, Sendable, CaseIterable {
    /// All that was acknowledged.
    case full
    /// All but the last moments.
    case normal
  }

  enum LogForm: String, Sendable, CaseIterable {
    case text, json
  }

  /// A host and a port to listen on.
  struct Address: Sendable, Hashable, CustomStringConvertible {
    var host: String
    var port: UInt16

    var description: String {
      host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }
}

extension ServerConfiguration.Address {
  /// Reads `HOST:PORT`, or `[IPV6]:PORT`.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...])
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: port)
  }

  /// Whether only this machine can reach it.
  var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return parts.count == 4 && parts[0] == 127 && !parts.contains(nil)
  }
}
