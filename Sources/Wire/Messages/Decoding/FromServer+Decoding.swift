internal import CWire
internal import Engine

typealias CCancel = Tompion__Worker__V1__Cancel

extension FromServer {
  /// Reads one message. Any bytes are either a message or a `WireError` that names the field.
  package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
    try Fields.within(WireLimits.message, bytes.count, "FromServer")
    var arena = Arena(messageSize: bytes.count)
    self = try unsafe arena.withAllocator { allocator throws(WireError) in
      let start = unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress
      guard
        let message = unsafe tompion__worker__v1__from_server__unpack(
          allocator,
          bytes.count,
          start
        )
      else { throw WireError("FromServer", .malformed) }
      return try unsafe FromServer(message)
    }
  }

  private init(_ message: CItem<Tompion__Worker__V1__FromServer>) throws(WireError) {
    let fields = unsafe message.pointee
    if let welcome = unsafe fields.welcome { self.welcome = try unsafe Welcome(welcome) }
    if let refuse = unsafe fields.refuse { self.refuse = try unsafe Refuse(refuse) }
    if let ack = unsafe fields.heartbeat_ack { heartbeatAck = unsafe ack.pointee.seq }
    if let drain = unsafe fields.drain {
      self.drain = try unsafe Fields.wait(drain.pointee.reconnect_after, "Drain.reconnect_after")
    }
    offers = try unsafe Fields.list(
      fields.n_offer,
      fields.offer,
      limit: WireLimits.listCount,
      "FromServer.offer"
    ) { item throws(WireError) in
      try unsafe Offer(item)
    }
    cancels = try unsafe Cancel.list(fields.n_cancel, fields.cancel, "FromServer.cancel")
    try unsafe readRuns(fields)
    if let configure = unsafe fields.configure { self.configure = try unsafe Configure(configure) }
  }

  private mutating func readRuns(
    _ fields: Tompion__Worker__V1__FromServer
  ) throws(WireError) {
    let limit = WireLimits.listCount
    revokes = try unsafe Fields.list(fields.n_revoke, fields.revoke, limit: limit, "Revoke") {
      item throws(WireError) in
      try unsafe Fields.run(item.pointee.run, "Revoke.run")
    }
    resultAcks = try unsafe Fields.list(
      fields.n_result_ack,
      fields.result_ack,
      limit: limit,
      "ResultAck"
    ) { item throws(WireError) in
      try unsafe Fields.run(item.pointee.run, "ResultAck.run")
    }
    stales = try unsafe Fields.list(fields.n_stale, fields.stale, limit: limit, "Stale") {
      item throws(WireError) in
      try unsafe Stale(
        run: Fields.run(item.pointee.run, "Stale.run"),
        reason: item.pointee.reason.map { unsafe Fields.prose($0, cutAt: WireLimits.reason) }
      )
    }
  }
}

extension Cancel {
  /// A reason that this version does not know is a plain cancel.
  fileprivate static func list(
    _ count: Int,
    _ items: UnsafeMutablePointer<CItem<CCancel>?>?,
    _ field: String
  ) throws(WireError) -> [Cancel] {
    try unsafe Fields.list(count, items, limit: WireLimits.listCount, field) {
      item throws(WireError) in
      try unsafe Cancel(
        run: Fields.run(item.pointee.run, "Cancel.run"),
        reason: Reason(rawValue: Fields.prose(item.pointee.reason, cutAt: WireLimits.reason))
          ?? .cancel
      )
    }
  }
}

extension Welcome {
  fileprivate init(_ message: CItem<Tompion__Worker__V1__Welcome>) throws(WireError) {
    let fields = unsafe message.pointee
    guard let lease = try unsafe Fields.limit(fields.lease, "Welcome.lease") else {
      throw WireError("Welcome.lease", .outOfRange)
    }
    try unsafe self.init(
      sessionID: Fields.name(fields.session_id, "Welcome.session_id"),
      lease: lease
    )
    keep = try unsafe Fields.runs(fields.n_keep, fields.keep, "Welcome.keep")
    abandon = try unsafe Fields.runs(fields.n_abandon, fields.abandon, "Welcome.abandon")
    cancels = try unsafe Cancel.list(fields.n_cancels, fields.cancels, "Welcome.cancels")
    if let limits = unsafe fields.limits { self.limits = unsafe Limits(limits) }
  }
}

extension Welcome.Limits {
  fileprivate init(_ message: CItem<Tompion__Worker__V1__Limits>) {
    result = unsafe Int(message.pointee.result)
    logLine = unsafe Int(message.pointee.log_line)
    logRun = unsafe Int(message.pointee.log_run)
    self.message = unsafe Int(message.pointee.message)
  }
}

extension Refuse {
  fileprivate init(_ message: CItem<Tompion__Worker__V1__Refuse>) throws(WireError) {
    try unsafe self.init(
      code: Fields.name(message.pointee.code, "Refuse.code"),
      reason: Fields.prose(message.pointee.reason, cutAt: WireLimits.reason),
      retryAfter: Fields.wait(message.pointee.retry_after, "Refuse.retry_after")
    )
  }
}

extension Configure {
  fileprivate init(_ message: CItem<Tompion__Worker__V1__Configure>) throws(WireError) {
    let fields = unsafe message.pointee
    self.init()
    if let set = unsafe fields.labels {
      labels = try unsafe Fields.labels(set.pointee.n_label, set.pointee.label, "LabelSet.label")
    }
    if unsafe fields.has_capacity != 0 {
      let range = 1...WireLimits.capacity
      capacity = try unsafe Fields.number(fields.capacity, in: range, "Configure.capacity")
    }
    if let set = unsafe fields.disabled_handlers {
      disabledHandlers = try unsafe Configure.names(set.pointee)
    }
  }

  private static func names(
    _ set: Tompion__Worker__V1__HandlerSet
  ) throws(WireError) -> [String] {
    let field = "HandlerSet.name"
    try unsafe Fields.within(WireLimits.handlerCount, set.n_name, field)
    var names: [String] = []
    for index in unsafe 0..<set.n_name {
      names.append(try unsafe Fields.name(set.name[index], field))
    }
    return names
  }
}
