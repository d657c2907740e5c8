/// What one fire, or one direct submission, asks for. It never changes; its slots do.
package struct TaskRecord: Sendable {
  package let id: TaskID
  package let template: SharedTemplate
  /// The task's own parameter; `nil` takes the template's.
  package var ownParam: [UInt8]?
  /// The instant for which the task was planned, never "now" for a scheduled one.
  package let nominalAt: Timestamp
  /// When the transaction that made it ran.
  package let createdAt: Timestamp
  /// Made by hand or by a client, not by the schedule.
  package var isManual = false
  /// How many missed fires this one stands for, itself included, under the misfire policy `once`.
  package var missed = 0
  /// The task that this one repeats.
  package var rerunOf: TaskID?

  package init(id: TaskID, template: SharedTemplate, nominalAt: Timestamp, createdAt: Timestamp) {
    self.id = id
    self.template = template
    self.nominalAt = nominalAt
    self.createdAt = createdAt
  }

  package var param: [UInt8] { ownParam ?? Array(template.value.param.utf8) }

  /// Its place in the queue; smaller goes first.
  package var order: Int64 { template.value.order(nominalAt: nominalAt) }
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
