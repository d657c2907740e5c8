package import Engine

extension Ledger {
  package func create(_ namespace: Namespace) throws(StoreError) {
    guard try self.namespace(namespace.name) == nil else {
      throw StoreError(.conflict, "there is a namespace \(namespace.name) already")
    }
    try insert(namespace)
  }

  /// Changes the description; name and age stay. `revision` is the one the caller saw.
  package func change(
    _ namespace: Namespace,
    revision: Int64?
  ) throws(StoreError) -> Namespace {
    var changed = try seen(namespace.name, revision)
    changed.description = namespace.description
    changed.revision += 1
    try update(changed)
    return changed
  }

  package func removeNamespace(_ name: String, revision: Int64?) throws(StoreError) {
    let namespace = try seen(name, revision)
    guard try !isInUse(name) else {
      throw StoreError(.conflict, "the namespace \(name) has triggers or unfinished tasks")
    }
    try delete(namespace)
  }

  private func seen(_ name: String, _ revision: Int64?) throws(StoreError) -> Namespace {
    guard let namespace = try namespace(name) else {
      throw StoreError(.notFound, "there is no namespace \(name)")
    }
    if let revision, revision != namespace.revision {
      throw StoreError(.stale, "the namespace is at revision \(namespace.revision)")
    }
    return namespace
  }
}

extension Namespace {
  /// The one that every new store has.
  package static let defaultName = "default"
}

extension Trigger {
  /// The rule, ready to be asked for instants.
  package func recurrence() throws(StoreError) -> Recurrence {
    do {
      return try definition.recurrence(anchor: state.anchor) { name throws(TimeZoneError) in
        try TimeZoneDatabase.shared.zone(named: name)
      }
    } catch {
      throw StoreError(.invalid, "the trigger \(name) has a rule that cannot be used", cause: error)
    }
  }

  /// Whether both are carried out at the same instants.
  package func recursLike(_ other: Trigger) -> Bool {
    state.anchor == other.state.anchor && definition.plansLike(other.definition)
  }
}
