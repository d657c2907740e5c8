/// What one fire, or one direct submission, asks for. It never changes; its slots do.
package final class TaskRecord: Sendable {
  package let id: TaskID
  package let template: SharedTemplate
  /// The task's own parameter; `nil` takes the template's.
  package let ownParam: [UInt8]?
  /// The instant for which the task was planned, never "now" for a scheduled one.
  package let nominalAt: Timestamp
  /// When the transaction that made it ran.
  package let createdAt: Timestamp
  /// Made by hand or by a client, not by the schedule.
  package let isManual: Bool
  /// How many missed fires this one stands for, itself included, under the misfire policy `once`.
  package let missed: Int
  /// The task that this one repeats.
  package let rerunOf: TaskID?
  /// Its place in the queue; smaller goes first.
  package let order: Int64

  package init(
    id: TaskID,
    template: SharedTemplate,
    nominalAt: Timestamp,
    createdAt: Timestamp,
    ownParam: [UInt8]? = nil,
    isManual: Bool = false,
    missed: Int = 0,
    rerunOf: TaskID? = nil
  ) {
    self.id = id
    self.template = template
    self.nominalAt = nominalAt
    self.createdAt = createdAt
    self.ownParam = ownParam
    self.isManual = isManual
    self.missed = missed
    self.rerunOf = rerunOf
    order = template.value.order(nominalAt: nominalAt)
  }

  package var param: [UInt8] { ownParam ?? Array(template.value.param.utf8) }
}

/// A template as a store keeps it: one object for all its tasks.
package final class SharedTemplate: Sendable {
  /// The store's number for it.
  package let number: Int64
  package let value: TaskTemplate
  /// What the moves of its slots go by.
  package let policy: SlotPolicy

  package init(number: Int64, value: TaskTemplate) {
    self.number = number
    self.value = value
    policy = SlotPolicy(retry: value.retry, atMostOnce: value.atMostOnce)
  }
}
