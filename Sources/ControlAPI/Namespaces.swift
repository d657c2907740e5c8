/// A namespace as its owner writes it.
public struct NamespaceSpec: Codable, Sendable, Hashable {
  public var name: String?
  /// At most 1,024 bytes.
  public var description: String?

  public init(name: String? = nil, description: String? = nil) {
    self.name = name
    self.description = description
  }
}

/// A namespace as the server keeps it.
public struct NamespaceInfo: Codable, Sendable, Hashable {
  public var name: String
  public var description: String
  /// Grows by one with each edit; the entity tag of the namespace.
  public var revision: Int64
  public var createdAt: String

  package init(name: String, description: String, revision: Int64, createdAt: String) {
    self.name = name
    self.description = description
    self.revision = revision
    self.createdAt = createdAt
  }
}
