extension WorkerConfiguration {
  /// What the environment says goes over what a file says. An empty variable says nothing.
  mutating func apply(_ environment: [String: String]) throws(ConfigurationError) {
    func value<Value>(
      _ name: String,
      _ rule: (String) -> Result<Value, Rules.Broken>
    ) throws(ConfigurationError) -> Value? {
      guard let text = environment[name], !text.isEmpty else { return nil }
      switch rule(text) {
      case .success(let value): return value
      case .failure(let broken):
        throw ConfigurationError(place: name, setting: "", message: broken.message)
      }
    }
    if let found = try value("TOMPION_GRPC", Rules.servers) { servers = found }
    if let found = try value("TOMPION_NAMESPACE", Rules.name) { namespace = found }
    if let found = try value("TOMPION_TOKEN", Rules.token) { token = found }
    if let found = try value("TOMPION_WORKER_ID", Rules.name) { workerID = found }
    if let found = try value("TOMPION_CAPACITY", Rules.capacity(text:)) { capacity = found }
    if let found = try value("TOMPION_LABELS", Rules.labels(text:)) { labels = found }
    if let found = try value("TOMPION_LABEL_MATCHING", Rules.matching) { labelMatching = found }
    if let ca = environment["TOMPION_CA"], !ca.isEmpty { tls = TLS(ca: ca) }
  }
}

extension Rules {
  static func matching(_ text: String) -> Result<WorkerConfiguration.LabelMatching, Broken> {
    guard let matching = WorkerConfiguration.LabelMatching(rawValue: text) else {
      return .failure(Broken("expected exact or subset, found “\(text)”"))
    }
    return .success(matching)
  }

  fileprivate static func capacity(text: String) -> Result<Int, Broken> {
    guard let count = Int(text) else {
      return .failure(Broken("expected an integer, found “\(text)”"))
    }
    return capacity(count)
  }

  /// `key=value` pairs with commas between.
  fileprivate static func labels(text: String) -> Result<[String: String], Broken> {
    var found: [String: String] = [:]
    // By scalars: a comma and an accent after it are one character.
    for pair in text.unicodeScalars.split(separator: ",") {
      guard let equals = pair.firstIndex(of: "=") else {
        return .failure(Broken("expected key=value, found “\(Substring(pair))”"))
      }
      let (key, value) = (pair[..<equals], pair[pair.index(after: equals)...])
      found[Substring(key).trimmed] = Substring(value).trimmed
    }
    return labels(found)
  }
}
