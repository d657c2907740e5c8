public import ControlAPI
import PlatformHTTP

// Triggers.
extension ControlClient {
  public func triggers(
    _ page: ListPage = ListPage()
  ) async throws(ControlClientError) -> Listing<TriggerInfo> {
    try await send(call(.get, "triggers").page(page))
  }

  public func trigger(_ name: String) async throws(ControlClientError) -> TriggerInfo {
    try await send(call(.get, "triggers", name))
  }

  /// Creates a trigger; a repeat with the same `idempotencyKey` within a day gets the first answer.
  public func createTrigger(
    _ name: String,
    _ spec: TriggerSpec,
    idempotencyKey: String? = nil
  ) async throws(ControlClientError) -> TriggerInfo {
    try await send(
      call(.post, "triggers").taking(NamedTrigger(name: name, spec: spec))
        .header("Idempotency-Key", idempotencyKey)
    )
  }

  /// Replaces a trigger's rule, or creates it; refused unless it is at `revision`, when one is given.
  public func putTrigger(
    _ name: String,
    _ spec: TriggerSpec,
    revision: Int64? = nil
  ) async throws(ControlClientError) -> TriggerInfo {
    try await send(
      call(.put, "triggers", name).taking(spec).header("If-Match", revision.map { "\"\($0)\"" })
    )
  }

  /// Changes the members that `patch` names (RFC 7396); a `nil` in it takes a member away.
  public func patchTrigger(
    _ name: String,
    _ patch: some Encodable & Sendable,
    revision: Int64? = nil
  ) async throws(ControlClientError) -> TriggerInfo {
    try await send(
      call(.patch, "triggers", name).taking(patch)
        .header("Content-Type", "application/merge-patch+json")
        .header("If-Match", revision.map { "\"\($0)\"" })
    )
  }

  public func deleteTrigger(
    _ name: String,
    revision: Int64? = nil
  ) async throws(ControlClientError) {
    try await send(
      call(.delete, "triggers", name).header("If-Match", revision.map { "\"\($0)\"" })
    )
  }

  /// Switches a trigger on; it plans from now.
  public func bringTriggerOnline(_ name: String) async throws(ControlClientError) -> TriggerInfo {
    try await send(call(.post, "triggers", name, "online"))
  }

  public func takeTriggerOffline(_ name: String) async throws(ControlClientError) -> TriggerInfo {
    try await send(call(.post, "triggers", name, "offline"))
  }

  /// Makes one task by hand, now, whatever the schedule and the overlap policy say.
  public func fireTrigger(
    _ name: String,
    param: String? = nil,
    idempotencyKey: String? = nil
  ) async throws(ControlClientError) -> TaskInfo {
    var members: [String: String] = [:]
    members["param"] = param
    return try await send(
      call(.post, "triggers", name, "fire").taking(members)
        .header("Idempotency-Key", idempotencyKey)
    )
  }

  /// When a trigger will fire, strictly after `after`; now unless given.
  public func previewTrigger(
    _ name: String,
    count: Int = 10,
    after: String? = nil
  ) async throws(ControlClientError) -> PreviewInfo {
    try await send(
      call(.post, "triggers", name, "preview").taking(OwnPreview(count: count, after: after))
    )
  }

  /// When an expression fires; nothing is stored.
  public func preview(_ spec: PreviewSpec) async throws(ControlClientError) -> PreviewInfo {
    try await send(Call(.post, ["preview"]).taking(spec))
  }

  /// Makes a task for each nominal time from `from` to `to` that has none; at most 1,000.
  public func backfillTrigger(
    _ name: String,
    from: String,
    to: String
  ) async throws(ControlClientError) -> BackfillInfo {
    try await send(call(.post, "triggers", name, "backfill").taking(["from": from, "to": to]))
  }

  /// The trigger's ledger, newest first.
  public func fires(
    of name: String,
    _ page: ListPage = ListPage()
  ) async throws(ControlClientError) -> Listing<FireInfo> {
    try await send(call(.get, "triggers", name, "fires").page(page))
  }
}

/// A trigger with its name beside its rule.
private struct NamedTrigger: Encodable {
  let name: String
  let spec: TriggerSpec

  private enum CodingKeys: String, CodingKey {
    case name
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try spec.encode(to: encoder)
  }
}

private struct OwnPreview: Encodable {
  let count: Int
  let after: String?
}
