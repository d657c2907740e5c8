internal import CWire
internal import Engine

extension Report {
  init(_ message: CItem<CReport>) throws(WireError) {
    try unsafe self.init(
      run: Fields.run(message.pointee.run, "Report.run"),
      event: Event(message)
    )
  }
}

extension Report.Event {
  fileprivate init(_ message: CItem<CReport>) throws(WireError) {
    switch unsafe message.pointee.event_case {
    case TOMPION__WORKER__V1__REPORT__EVENT_STARTED:
      self = try unsafe .started(Fields.present(message.pointee.started, "Report.started"))
    case TOMPION__WORKER__V1__REPORT__EVENT_SUCCEEDED:
      self = try unsafe .succeeded(Fields.present(message.pointee.succeeded, "Report.succeeded"))
    case TOMPION__WORKER__V1__REPORT__EVENT_PROGRESS:
      self = try unsafe .progress(Fields.present(message.pointee.progress, "Report.progress"))
    case TOMPION__WORKER__V1__REPORT__EVENT_LOG:
      self = try unsafe .log(Report.LogLine(Fields.present(message.pointee.log, "Report.log")))
    case TOMPION__WORKER__V1__REPORT__EVENT_FAILED:
      self = try unsafe .failed(
        Report.Failure(Fields.present(message.pointee.failed, "Report.failed"))
      )
    case TOMPION__WORKER__V1__REPORT__EVENT_STOPPED:
      let stopped = try unsafe Fields.present(message.pointee.stopped, "Report.stopped")
      self = unsafe .stopped(
        message: stopped.pointee.message.map {
          unsafe Fields.prose($0, cutAt: WireLimits.failure)
        }
      )
    case TOMPION__WORKER__V1__REPORT__EVENT_DECLINE:
      let decline = try unsafe Fields.present(message.pointee.decline, "Report.decline")
      self = unsafe .decline(
        reason: Fields.prose(decline.pointee.reason, cutAt: WireLimits.reason)
      )
    case TOMPION__WORKER__V1__REPORT__EVENT_RELEASED: self = .released
    default: throw WireError("Report.event", .missing)
    }
  }

  private static func started(_ message: CItem<Tompion__Worker__V1__Started>) -> Report.Event {
    guard unsafe message.pointee.has_at != 0 else { return .started(at: nil) }
    return unsafe .started(at: Timestamp(microseconds: message.pointee.at))
  }

  private static func succeeded(
    _ message: CItem<Tompion__Worker__V1__Succeeded>
  ) throws(WireError) -> Report.Event {
    guard unsafe message.pointee.has_result != 0 else { return .succeeded(result: nil) }
    return try unsafe .succeeded(
      result: Fields.data(
        message.pointee.result,
        "Succeeded.result",
        limit: WireLimits.result
      )
    )
  }

  private static func progress(
    _ message: CItem<Tompion__Worker__V1__Progress>
  ) throws(WireError) -> Report.Event {
    var percent: Int?
    if unsafe message.pointee.has_percent != 0 {
      percent = try unsafe Fields.number(message.pointee.percent, in: 0...100, "Progress.percent")
    }
    var note: String?
    if let text = unsafe message.pointee.note {
      note = try unsafe Fields.nameOrEmpty(text, "Progress.note", limit: WireLimits.note)
    }
    return .progress(percent: percent, note: note)
  }
}

extension Report.Failure {
  fileprivate init(_ message: CItem<Tompion__Worker__V1__Failed>) throws(WireError) {
    let fields = unsafe message.pointee
    unsafe self.init(
      message: Fields.prose(fields.message, cutAt: WireLimits.failure),
      isRetryable: fields.retryable != 0
    )
    if unsafe fields.has_retry_after != 0 {
      retryAfter = try unsafe Fields.wait(fields.retry_after, "Failed.retry_after")
    }
  }
}

extension Report.LogLine {
  fileprivate init(_ message: CItem<Tompion__Worker__V1__Log>) throws(WireError) {
    let fields = unsafe message.pointee
    guard
      let level = try unsafe Level(rawValue: Fields.nameOrEmpty(fields.level, "Log.level"))
    else { throw WireError("Log.level", .outOfRange) }
    unsafe self.init(
      at: Timestamp(microseconds: fields.at),
      level: level,
      message: Fields.prose(fields.message, cutAt: WireLimits.message)
    )
    metadata = try unsafe Fields.list(
      fields.n_metadata,
      fields.metadata,
      limit: WireLimits.labelCount,
      "Log.metadata"
    ) { item throws(WireError) in
      try unsafe Fact(
        key: Fields.name(item.pointee.key, "Log.metadata"),
        value: Fields.prose(item.pointee.value, cutAt: WireLimits.message)
      )
    }
    try Fields.within(WireLimits.logLine, size, "Log")
  }
}
