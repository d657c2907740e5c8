package import Engine

/// Where a page of a list ended, as the caller hands it back; anything else is refused.
package enum Cursor {
  package static func bytes(_ number: Int64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(fixed: UInt64(bitPattern: number))
    return bytes
  }

  package static func id(_ bytes: [UInt8]?) throws(StoreError) -> UUIDv7? {
    guard let bytes else { return nil }
    guard let id = UUIDv7(bytes: bytes) else { throw foreign }
    return id
  }

  package static func number(_ bytes: [UInt8]?) throws(StoreError) -> Int64? {
    guard let bytes else { return nil }
    var reader = ByteReader(bytes)
    guard let number = reader.fixed(), reader.isAtEnd else { throw foreign }
    return Int64(bitPattern: number)
  }

  package static func text(_ bytes: [UInt8]?) -> String? {
    bytes.map { String(decoding: $0, as: UTF8.self) }
  }

  static let foreign = StoreError(.invalid, "the cursor is none that this list gave out")
}

/// The place of one row in a trigger's ledger; larger is newer.
package struct FirePlace: Sendable, Hashable, Comparable {
  package let at: Timestamp
  /// The task, or for a skip a number of the store's.
  package let id: UUIDv7

  package init(at: Timestamp, id: UUIDv7) {
    self.at = at
    self.id = id
  }

  /// `nil` when there is no cursor: the list begins.
  package init?(cursor: [UInt8]?) throws(StoreError) {
    guard let cursor else { return nil }
    var reader = ByteReader(cursor)
    guard let at = reader.fixed(), let id = reader.uuid(), reader.isAtEnd else {
      throw Cursor.foreign
    }
    self.init(at: Timestamp(microseconds: Int64(bitPattern: at)), id: id)
  }

  package var cursor: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(fixed: UInt64(bitPattern: at.microseconds))
    bytes.append(id)
    return bytes
  }

  package static func < (first: FirePlace, second: FirePlace) -> Bool {
    (first.at, first.id) < (second.at, second.id)
  }
}

extension TaskFilter {
  /// Whether tasks of this template can be in the list.
  package func admits(_ template: TaskTemplate) -> Bool {
    template.namespace == namespace && (handler == nil || template.handler == handler)
      && (trigger == nil || template.trigger?.id == trigger)
  }
}

extension PageRequest {
  /// The limit, from 1 to 1,000.
  package var boundedLimit: Int { min(max(limit, 1), 1000) }
}

extension Page {
  /// The first of `rest`, what is left of a list; `cursor` says where the page ends.
  package init(_ rest: [Element], of request: PageRequest, cursor: (Element) -> [UInt8]) {
    let limit = request.boundedLimit
    elements = Array(rest.prefix(limit))
    next = rest.count > limit ? elements.last.map(cursor) : nil
  }
}

extension SlotCommand {
  /// What the reaper asks of a slot whose queue or total limit passed by `now`; `nil` when none has.
  package init?(overdue row: SlotRow, of task: TaskRecord, at now: Timestamp) {
    let limits = task.template.value.limits
    guard let limit = row.slot.limitPassed(by: now, createdAt: task.createdAt, limits: limits)
    else { return nil }
    self.init(row.slot.id, .limitPassed(limit), fence: Fence(epoch: row.slot.epoch))
  }
}
