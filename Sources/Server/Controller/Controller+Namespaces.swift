package import ControlAPI
import Engine
import Store

// Namespaces.
extension Controller {
  package func namespaces(_ paging: Paging) async throws(Problem) -> Listing<NamespaceInfo> {
    let request = try paging.request(for: "namespaces")
    let page = try await asking { try await store.namespaces(request) }
    return page.listing(of: "namespaces", NamespaceInfo.init)
  }

  package func namespace(_ name: String) async throws(Problem) -> NamespaceInfo {
    NamespaceInfo(try await existing(namespace: name))
  }

  /// Creates a namespace. With an idempotency key, one that is there with the same description will do.
  package func createNamespace(
    _ json: JSONValue,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) -> Creation<NamespaceInfo> {
    let body = try Body(json, NamespaceFields.creation)
    let name = body.text("name") ?? ""
    let description = body.text("description") ?? ""
    do throws(StoreError) {
      try await store.create(
        Namespace(name: name, description: description, createdAt: now())
      )
    } catch {
      let found = try await asking { try await store.namespace(name) }
      guard error.code == .conflict, conditions.idempotency != nil, let found,
        found.description == description
      else { throw Problem(error) }
      return Creation(value: NamespaceInfo(found), isNew: false)
    }
    return Creation(value: try await namespace(name), isNew: true)
  }

  /// Replaces a namespace's description, or creates it.
  package func putNamespace(
    _ name: String,
    _ json: JSONValue,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) -> Creation<NamespaceInfo> {
    let body = try Body(json, NamespaceFields.replacement)
    _ = try Field.name(name, of: "namespace")
    try body.agree(onName: name)
    guard var current = try await asking({ try await store.namespace(name) }) else {
      guard conditions.revision == .none else {
        throw Problem(.stale, "there is no namespace \(name) yet", field: "If-Match")
      }
      let created = Namespace(
        name: name,
        description: body.text("description") ?? "",
        createdAt: now()
      )
      try await asking { try await store.create(created) }
      return Creation(value: try await namespace(name), isNew: true)
    }
    let revision = try conditions.revision.revision(current: current.revision)
    current.description = body.text("description") ?? ""
    let changed = current
    let updated = try await asking { try await store.update(changed, revision: revision) }
    return Creation(value: NamespaceInfo(updated), isNew: false)
  }

  /// Deletes a namespace that is not in use; the default one stays.
  package func deleteNamespace(
    _ name: String,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) {
    let current = try await existing(namespace: name)
    guard name != Self.defaultNamespace else {
      throw Problem(.conflict, "the namespace \(name) always exists")
    }
    let revision = try conditions.revision.revision(current: current.revision)
    try await asking { try await store.deleteNamespace(name, revision: revision) }
  }
}

extension Body {
  /// A name in the body may only repeat the one in the path.
  func agree(onName name: String) throws(Problem) {
    guard let given = text("name"), given != name else { return }
    throw Problem(
      .invalidField,
      "name must be \"\(name)\" as in the path, not \"\(given)\"; nothing can be renamed",
      field: "name"
    )
  }
}

extension NamespaceInfo {
  init(_ namespace: Namespace) {
    self.init(
      name: namespace.name,
      description: namespace.description,
      revision: namespace.revision,
      createdAt: namespace.createdAt.description
    )
  }
}
