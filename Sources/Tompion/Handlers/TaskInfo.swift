internal import Engine
public import Foundation
internal import Wire

/// What a handler is to do: the task, the shard, and the run.
public struct TaskInfo: Sendable {
  let offer: Offer
  /// Where the task lives.
  public let namespace: String
  /// The name of the worker that runs it.
  public let workerID: String

  /// The parameter of the task as text; empty when it has none.
  public var param: String { String(decoding: offer.param, as: UTF8.self) }

  /// The parameter of the task as it was given; empty when it has none.
  public var paramBytes: [UInt8] { offer.param }

  /// The parameter of this shard alone, as text; empty when it has none.
  public var shardParam: String { String(decoding: offer.shardParam ?? [], as: UTF8.self) }

  /// The parameter of this shard alone, as it was given; `nil` when it has none.
  public var shardParamBytes: [UInt8]? { offer.shardParam }

  /// Which part of the task this run does, counted from 0.
  public var shardIndex: Int { offer.run.slot.shard }

  /// Into how many parts the task is split; 1 when it is not.
  public var shardCount: Int { offer.shardCount }

  /// Names this run, and no other ever: the task, the shard and the epoch.
  public var runInstanceID: String { offer.run.description }

  /// How long the run may take; `nil` is without limit.
  public var runTimeout: Duration? { offer.runTimeout }

  /// The longest pause between two calls of `progress`; `nil` is without limit.
  public var heartbeatTimeout: Duration? { offer.heartbeatTimeout }

  /// Names the task; the same for all its shards and attempts.
  public var taskID: String { offer.run.slot.task.description }

  /// Which attempt at this shard this is, counted from 1.
  public var attempt: Int { offer.attempt }

  /// The instant for which the task was planned. It may have started later.
  public var nominalTime: Date {
    Date(timeIntervalSince1970: Double(offer.nominalAt.microseconds) / 1_000_000)
  }

  /// Larger at each hand-over of the shard, never the same again.
  ///
  /// A system that remembers the largest one it has seen can refuse a run that was replaced without
  /// knowing it.
  public var fencingEpoch: UInt64 { offer.run.epoch.value }

  /// The name under which the handler was added.
  public var handler: String { offer.handler }

  /// The trigger that made the task; `nil` when it was submitted directly.
  public var trigger: String? { offer.trigger }

  /// The labels of the task.
  public var labels: [String: String] { offer.labels.pairs }
}
