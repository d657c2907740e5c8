package import ControlAPI
import Engine
import Store

// Triggers.
extension Controller {
  package func triggers(
    in namespace: String,
    _ paging: Paging
  ) async throws(Problem) -> Listing<TriggerInfo> {
    let request = try paging.request(for: "triggers")
    try await existing(namespace: namespace)
    let page = try await asking { try await store.triggers(namespace: namespace, request) }
    return page.listing(of: "triggers", TriggerInfo.init)
  }

  package func trigger(_ name: String, in namespace: String) async throws(Problem) -> TriggerInfo {
    TriggerInfo(try await existing(trigger: name, in: namespace))
  }

  package func createTrigger(
    in namespace: String,
    _ json: JSONValue,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) -> Creation<TriggerInfo> {
    let body = try Body(json, TriggerFields.creation)
    return try await create(
      TriggerDefinition(body),
      name: body.text("name") ?? "",
      in: namespace,
      isOnline: body.boolean("online") ?? true,
      conditions
    )
  }

  private func create(
    _ definition: TriggerDefinition,
    name: String,
    in namespace: String,
    isOnline: Bool,
    _ conditions: RequestConditions
  ) async throws(Problem) -> Creation<TriggerInfo> {
    try await existing(namespace: namespace)
    let asked = now()
    do throws(Problem) {
      _ = try definition.plan(at: asked, zones)
    } catch {
      // A repeat may come when the time it names has passed; its first answer still stands.
      guard conditions.idempotency != nil else { throw error }
      let found = try await asking { try await store.trigger(namespace: namespace, name: name) }
      guard let found, found.definition == definition else { throw error }
    }
    let draft = TriggerDraft(
      namespace: namespace,
      name: name,
      definition: definition,
      isOnline: isOnline
    )
    let trigger = try await asking {
      try await store.create(draft, idempotency: conditions.idempotency)
    }
    return Creation(value: TriggerInfo(trigger), isNew: trigger.createdAt >= asked)
  }

  /// Replaces a trigger's rule, or creates it.
  package func putTrigger(
    _ name: String,
    in namespace: String,
    _ json: JSONValue,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) -> Creation<TriggerInfo> {
    let body = try Body(json, TriggerFields.replacement)
    _ = try Field.name(name, of: "name")
    try body.agree(onName: name)
    let definition = try TriggerDefinition(body)
    let current = try await asking { try await store.trigger(namespace: namespace, name: name) }
    guard let current else {
      guard conditions.revision == .none else {
        throw Problem(.stale, "there is no trigger \(name) yet", field: "If-Match")
      }
      return try await create(
        definition,
        name: name,
        in: namespace,
        isOnline: body.boolean("online") ?? true,
        RequestConditions()
      )
    }
    let changed = try await redefine(
      current,
      definition,
      isOnline: body.boolean("online") ?? true,
      try conditions.revision.revision(current: current.revision)
    )
    return Creation(value: changed, isNew: false)
  }

  /// Applies a merge patch (RFC 7396) to a trigger's rule.
  package func patchTrigger(
    _ name: String,
    in namespace: String,
    _ patch: JSONValue,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) -> TriggerInfo {
    guard case .object = patch else {
      throw Problem(.invalidField, "the body must be a JSON object, not \(patch.kind)")
    }
    var triesLeft = 5
    while true {
      triesLeft -= 1
      let current = try await existing(trigger: name, in: namespace)
      _ = try conditions.revision.revision(current: current.revision)
      let spec = TriggerSpec(current.definition, isOnline: current.state.isOnline)
      let body = try Body(
        try JSONValue(encoding: spec).merged(with: patch),
        TriggerFields.replacement
      )
      try body.agree(onName: name)
      do throws(Problem) {
        return try await redefine(
          current,
          TriggerDefinition(body),
          isOnline: body.boolean("online") ?? true,
          current.revision
        )
      } catch {
        // Somebody was faster; without If-Match the patch means whatever is there now.
        guard error.code == .stale, conditions.revision == .none, triesLeft > 0 else { throw error }
      }
    }
  }

  private func redefine(
    _ current: Trigger,
    _ definition: TriggerDefinition,
    isOnline: Bool,
    _ revision: Int64?
  ) async throws(Problem) -> TriggerInfo {
    // A rule that has run its course may still be edited elsewhere than in its schedule.
    if !definition.firesLike(current.definition) { _ = try definition.plan(at: now(), zones) }
    let change = TriggerChange(
      namespace: current.namespace,
      name: current.name,
      revision: revision,
      action: .redefine(definition, isOnline: isOnline)
    )
    return TriggerInfo(try await asking { try await store.change(change) })
  }

  package func switchTrigger(
    _ name: String,
    in namespace: String,
    online: Bool,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) -> TriggerInfo {
    let current = try await existing(trigger: name, in: namespace)
    let revision = try conditions.revision.revision(current: current.revision)
    guard current.state.isOnline != online else { return TriggerInfo(current) }
    let change = TriggerChange(
      namespace: namespace,
      name: name,
      revision: revision,
      action: online ? .online : .offline
    )
    return TriggerInfo(try await asking { try await store.change(change) })
  }

  /// Deletes a trigger: what waits is canceled, what runs may finish.
  package func deleteTrigger(
    _ name: String,
    in namespace: String,
    _ conditions: RequestConditions = RequestConditions()
  ) async throws(Problem) {
    let current = try await existing(trigger: name, in: namespace)
    let change = TriggerChange(
      namespace: namespace,
      name: name,
      revision: try conditions.revision.revision(current: current.revision),
      action: .delete
    )
    _ = try await asking { try await store.change(change) }
  }
}
