package import ControlAPI
package import Engine
package import Store

/// What clients may ask of the server, whatever protocol they speak.
///
/// Every operation checks what it is given, names the field, the value and what was expected, and changes
/// nothing when it throws.
package struct Controller: Sendable {
  let store: any Store
  let workers: any WorkerDirectory
  let now: @Sendable () -> Timestamp
  let zones: TimeZoneDatabase
  /// The triggers that the watchdog found behind their rule.
  let late: @Sendable () -> [Watchdog.Late]

  package init(
    store: any Store,
    workers: any WorkerDirectory,
    zones: TimeZoneDatabase = .shared,
    late: @escaping @Sendable () -> [Watchdog.Late] = { [] },
    now: @escaping @Sendable () -> Timestamp
  ) {
    self.store = store
    self.workers = workers
    self.zones = zones
    self.late = late
    self.now = now
  }

  /// The namespace that is always there.
  package static let defaultNamespace = "default"

  /// Makes the namespace that is always there, unless it is.
  package func prepare() async throws(Problem) {
    guard try await asking({ try await store.namespace(Self.defaultNamespace) }) == nil else {
      return
    }
    let namespace = Namespace(name: Self.defaultNamespace, description: "", createdAt: now())
    do throws(StoreError) {
      try await store.create(namespace)
    } catch {
      guard error.code == .conflict else { throw Problem(error) }
    }
  }
}

/// What makes the repeat of a request recognisable, and what the request is conditional on.
package struct RequestConditions: Sendable {
  package var idempotency: IdempotencyKey?
  package var revision: RevisionMatch

  package init(idempotency: IdempotencyKey? = nil, revision: RevisionMatch = .none) {
    self.idempotency = idempotency
    self.revision = revision
  }
}

/// Which revisions a change is meant for.
package enum RevisionMatch: Sendable, Hashable {
  case none
  /// Any, as long as there is one.
  case any
  case oneOf(Set<Int64>)

  /// The revision to hand to the store for a thing that is at `current`.
  func revision(current: Int64) throws(Problem) -> Int64? {
    switch self {
    case .none, .any: return nil
    case .oneOf(let revisions):
      guard revisions.contains(current) else {
        throw Problem(.stale, "it is at revision \(current) by now", field: "If-Match")
      }
      return current
    }
  }
}

/// Something that was created, unless a repeat of the request found it there.
package struct Creation<Value: Sendable>: Sendable {
  package let value: Value
  package let isNew: Bool
}

extension Controller {
  /// Asks the store, and puts its errors into the words of the API.
  func asking<Answer>(
    _ operation: () async throws -> Answer
  ) async throws(Problem) -> Answer {
    do {
      return try await operation()
    } catch let error as StoreError {
      throw Problem(error)
    } catch {
      throw Problem(.internalError, "the store failed: \(error)")
    }
  }

  @discardableResult
  func existing(namespace name: String) async throws(Problem) -> Namespace {
    guard let namespace = try await asking({ try await store.namespace(name) }) else {
      throw Problem(.notFound, "there is no namespace \"\(name.shortened)\"", field: "namespace")
    }
    return namespace
  }

  func existing(trigger name: String, in namespace: String) async throws(Problem) -> Trigger {
    let trigger = try await asking { try await store.trigger(namespace: namespace, name: name) }
    guard let trigger else {
      try await existing(namespace: namespace)
      throw Problem(.notFound, "there is no trigger \"\(name.shortened)\" in \(namespace)")
    }
    return trigger
  }

  /// The task of that identifier, if it belongs to the namespace.
  func existing(task id: String, in namespace: String) async throws(Problem) -> TaskDetail {
    guard let uuid = UUIDv7(id) else {
      throw Problem(.notFound, "\"\(id.shortened)\" is no task identifier")
    }
    let detail = try await asking { try await store.task(TaskID(uuid)) }
    guard let detail, detail.task.template.value.namespace == namespace else {
      try await existing(namespace: namespace)
      throw Problem(.notFound, "there is no task \(uuid) in \(namespace)")
    }
    return detail
  }
}

extension Problem {
  init(_ error: StoreError) {
    switch error.code {
    case .notFound: self.init(.notFound, error.message)
    case .conflict: self.init(.conflict, error.message)
    case .stale: self.init(.stale, error.message, field: "If-Match")
    case .keyReused: self.init(.keyReused, error.message, field: "Idempotency-Key")
    case .unavailable, .locked: self.init(.unavailable, error.message)
    case .invalid: self.init(.invalidField, error.message)
    case .corrupt: self.init(.internalError, error.message)
    }
  }
}
