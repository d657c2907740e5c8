internal import CWire
internal import Engine

extension FromWorker {
  /// Reads one message. Any bytes are either a message or a `WireError` that names the field.
  package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
    try Fields.within(WireLimits.message, bytes.count, "FromWorker")
    var arena = Arena(messageSize: bytes.count)
    self = try unsafe arena.withAllocator { allocator throws(WireError) in
      let start = unsafe bytes.assumingMemoryBound(to: UInt8.self).baseAddress
      guard
        let message = unsafe tompion__worker__v1__from_worker__unpack(
          allocator,
          bytes.count,
          start
        )
      else { throw WireError("FromWorker", .malformed) }
      return try unsafe FromWorker(message)
    }
  }

  private init(_ message: CItem<Tompion__Worker__V1__FromWorker>) throws(WireError) {
    let fields = unsafe message.pointee
    if let hello = unsafe fields.hello { self.hello = try unsafe Hello(hello) }
    credits = try unsafe Fields.list(
      fields.n_credit,
      fields.credit,
      limit: WireLimits.handlerCount,
      "FromWorker.credit"
    ) { item throws(WireError) in
      try unsafe Credit(
        handler: Fields.name(item.pointee.handler, "Credit.handler"),
        count: Fields.number(item.pointee.n, in: 1...WireLimits.capacity, "Credit.n")
      )
    }
    if let heartbeat = unsafe fields.heartbeat { self.heartbeat = unsafe heartbeat.pointee.seq }
    isDraining = unsafe fields.draining != nil
    reports = try unsafe Fields.reports(fields.n_report, fields.report, "FromWorker.report")
  }
}

extension Hello {
  init(_ message: CItem<Tompion__Worker__V1__Hello>) throws(WireError) {
    let fields = unsafe message.pointee
    try unsafe self.init(
      workerID: Fields.name(fields.worker_id, "Hello.worker_id"),
      bootID: BootID(Fields.identifier(fields.boot_id, "Hello.boot_id")),
      capacity: Fields.number(fields.capacity, in: 1...WireLimits.capacity, "Hello.capacity")
    )
    handlers = try unsafe Fields.list(
      fields.n_handlers,
      fields.handlers,
      limit: WireLimits.handlerCount,
      "Hello.handlers"
    ) { item throws(WireError) in
      try unsafe Fields.name(item.pointee.name, "Handler.name")
    }
    labels = try unsafe Fields.labels(fields.n_labels, fields.labels, "Hello.labels")
    labelMatching = unsafe fields.label_matching.rawValue == 1 ? .subset : .exact
    inFlight = try unsafe Fields.runs(fields.n_in_flight, fields.in_flight, "Hello.in_flight")
    unsentResults = try unsafe Fields.reports(
      fields.n_unsent_results,
      fields.unsent_results,
      "Hello.unsent_results"
    )
    try unsafe readOrigin(fields)
  }

  private mutating func readOrigin(_ fields: Tompion__Worker__V1__Hello) throws(WireError) {
    if let name = unsafe fields.namespace_ {
      namespace = try unsafe Fields.name(name, "Hello.namespace")
    }
    app = try unsafe Fields.nameOrEmpty(fields.app, "Hello.app")
    sdkVersion = try unsafe Fields.nameOrEmpty(fields.sdk_version, "Hello.sdk_version")
    host = try unsafe Fields.nameOrEmpty(fields.host, "Hello.host", limit: 255)
    processID = unsafe fields.process_id
  }
}
