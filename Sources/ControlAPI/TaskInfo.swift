/// One task and all that happened to it.
public struct TaskInfo: Codable, Sendable, Hashable {
  public var id = ""
  public var namespace = ""
  /// The name of the trigger behind it; `nil` when it was submitted directly.
  public var trigger: String?
  public var handler = ""
  /// `Created`, `WaitingToRun`, `Running`, `RunToCompletion`, `Faulted` or `Canceled`.
  public var state = ""
  /// Whether the state can never change again.
  public var isFinal = false
  /// The instant for which it was planned.
  public var nominalAt = ""
  public var createdAt = ""
  /// When its first run started.
  public var startedAt: String?
  /// When its last shard ended.
  public var endedAt: String?
  /// Made by hand or by a client, not by the schedule.
  public var isManual = false
  /// How many missed fires it stands for, itself included.
  public var missed: Int?
  /// The task that this one repeats.
  public var rerunOf: String?
  public var priority = 0
  public var labels: [String: String] = [:]
  /// Only where one task is shown.
  public var param: Payload?
  public var shards: [SlotInfo] = []

  package init() {}
}

/// Bytes: as text when they are UTF-8, in base64 otherwise.
public struct Payload: Codable, Sendable, Hashable {
  public var text: String?
  public var base64: String?

  package init(text: String?, base64: String?) {
    self.text = text
    self.base64 = base64
  }
}

/// One shard of a task: what is handed out and retried by itself.
public struct SlotInfo: Codable, Sendable, Hashable {
  /// Counts from 0.
  public var shard = 0
  public var state = ""
  /// More than the state tells: `ready`, `delayed`, `held`, `offered`, `running`, `stopping`, `final`.
  public var phase = ""
  /// Why it is held, stopping or ended as it did.
  public var reason: String?
  /// When it may be handed out.
  public var readyAt: String?
  /// Runs that started, lost leases not counted.
  public var attempts = 0
  /// Hand-overs that came back without a start.
  public var offers = 0
  /// Leases lost while running.
  public var crashes = 0
  /// The fencing token of the latest hand-over, as text since it exceeds 2^53; `0` before the first.
  public var epoch = "0"
  /// Who has it in hand.
  public var worker: String?
  public var progress: Progress?
  public var shardParam: String?
  public var result: Payload?
  /// Only where one task is shown, like the two below.
  public var runs: [RunInfo]?
  public var events: [SlotEventInfo]?
  public var refusedReports: [RefusedReportInfo]?

  /// The latest sign of progress.
  public struct Progress: Codable, Sendable, Hashable {
    /// 0 to 100.
    public var percent: Int?
    public var note: String

    package init(percent: Int?, note: String) {
      self.percent = percent
      self.note = note
    }
  }

  package init() {}
}

/// One hand-over of one shard to one worker.
public struct RunInfo: Codable, Sendable, Hashable {
  public var runInstanceId = ""
  /// The fencing token, as text.
  public var epoch = ""
  public var worker = ""
  public var bootId = ""
  public var claimedAt = ""
  public var startedAt: String?
  public var endedAt: String?
  /// How it ended: `succeeded`, `failed`, `canceled`, `stopped`, `released`, `declined`, `revoked`,
  /// `lease-lost`, `forced`, `time-limit` or `unacknowledged`; `nil` while it lasts.
  public var outcome: String?
  /// What the handler or the server said about it.
  public var message: String?
  /// Whether the worker's last word was accepted; `nil` when there was none.
  public var accepted: Bool?

  package init() {}
}

/// One move of one shard.
public struct SlotEventInfo: Codable, Sendable, Hashable {
  public var sequence: Int64 = 0
  /// The number of the move in the table of legal moves.
  public var move = 0
  public var from = ""
  public var to = ""
  public var why = ""
  public var epoch = ""
  public var at = ""
  public var readyAt: String?
  public var worker: String?

  package init() {}
}

/// A report that the server refused: the fence at work.
public struct RefusedReportInfo: Codable, Sendable, Hashable {
  /// `stale-epoch`, `not-owner`, `final`, `illegal-move` or `unknown-slot`.
  public var reason: String
  /// What was reported.
  public var report: String
  public var epoch: String
  public var at: String

  package init(reason: String, report: String, epoch: String, at: String) {
    self.reason = reason
    self.report = report
    self.epoch = epoch
    self.at = at
  }
}

/// Why a task is where it is, in plain words.
public struct WhyInfo: Codable, Sendable, Hashable {
  public var task: String
  public var state: String
  public var reasons: [Reason]

  public struct Reason: Codable, Sendable, Hashable {
    public var shard: Int
    /// A stable word for programs, as `no-worker` or `labels-disagree`.
    public var code: String
    /// A sentence for people.
    public var text: String

    package init(shard: Int, code: String, text: String) {
      self.shard = shard
      self.code = code
      self.text = text
    }
  }

  package init(task: String, state: String, reasons: [Reason]) {
    self.task = task
    self.state = state
    self.reasons = reasons
  }
}

/// One line that a handler logged.
public struct LogLineInfo: Codable, Sendable, Hashable {
  public var at = ""
  public var level = ""
  public var message = ""
  public var metadata: [String: String] = [:]
  public var shard = 0
  public var runInstanceId = ""

  package init() {}
}

/// One state change, as the event stream carries it.
public struct EventInfo: Codable, Sendable, Hashable {
  /// Grows with each change; what a client resumes from.
  public var sequence: Int64 = 0
  public var namespace = ""
  public var task = ""
  public var shard = 0
  public var trigger: String?
  public var handler = ""
  public var move = 0
  public var from = ""
  public var to = ""
  public var why = ""
  public var epoch = ""
  public var at = ""
  public var readyAt: String?
  public var worker: String?

  package init() {}
}

/// Sent first when the events asked for are no longer kept: what was read before may be out of date.
public struct ResetInfo: Codable, Sendable, Hashable {
  /// The sequence after which the stream goes on.
  public var after: Int64

  package init(after: Int64) {
    self.after = after
  }
}
