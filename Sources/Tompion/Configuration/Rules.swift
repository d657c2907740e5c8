internal import Wire

/// What values settings may have, wherever they come from. A failure says what was expected.
enum Rules {
  struct Broken: Error {
    let message: String

    init(_ message: String) {
      self.message = message
    }
  }

  static func check(
    _ result: Result<Void, Broken>,
    _ setting: String
  ) throws(ConfigurationError) {
    if case .failure(let broken) = result {
      throw ConfigurationError(place: nil, setting: setting, message: broken.message)
    }
  }

  static func name(_ text: String) -> Result<String, Broken> {
    guard (1...WireLimits.name).contains(text.utf8.count) else {
      return .failure(Broken("expected 1 to 128 bytes, found \(text.utf8.count)"))
    }
    return .success(text)
  }

  /// What a service is called; it may have no name.
  static func app(_ text: String) -> Result<String, Broken> {
    guard text.utf8.count <= WireLimits.name else {
      return .failure(Broken("expected at most 128 bytes, found \(text.utf8.count)"))
    }
    return .success(text)
  }

  /// Travels as a header, so it is printable ASCII.
  static func token(_ text: String) -> Result<String, Broken> {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      return .failure(Broken("expected printable ASCII without blanks"))
    }
    return .success(text)
  }

  static func capacity(_ count: Int) -> Result<Int, Broken> {
    guard (1...WireLimits.capacity).contains(count) else {
      return .failure(Broken("expected 1 to \(WireLimits.capacity), found \(count)"))
    }
    return .success(count)
  }

  /// One `host:port` or several with commas between.
  static func servers(_ text: String) -> Result<[String], Broken> {
    let servers = text.split(separator: ",").map { $0.trimmed }
    guard !servers.isEmpty else { return .failure(Broken("expected host:port, found nothing")) }
    for server in servers where !isAddress(server) {
      return .failure(Broken("expected host:port, found “\(server)”"))
    }
    return .success(servers)
  }

  private static func isAddress(_ text: String) -> Bool {
    guard let colon = text.lastIndex(of: ":"), colon > text.startIndex else { return false }
    let host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
    guard isBracketed || !host.contains(":"), !host.contains(where: \.isWhitespace) else {
      return false
    }
    return Int(text[text.index(after: colon)...]).map { (1...65_535).contains($0) } ?? false
  }

  static func labels(_ labels: [String: String]) -> Result<[String: String], Broken> {
    guard labels.count <= WireLimits.labelCount else {
      return .failure(Broken("expected at most \(WireLimits.labelCount) labels"))
    }
    for (key, value) in labels {
      guard (1...WireLimits.name).contains(key.utf8.count), value.utf8.count <= WireLimits.name
      else { return .failure(Broken("a key or value is empty or longer than 128 bytes")) }
    }
    return .success(labels)
  }
}

extension Substring {
  /// Without blanks at either end.
  var trimmed: String {
    var text = self
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
