internal import CWire
internal import Engine

extension Offer {
  init(_ message: CItem<Tompion__Worker__V1__Offer>) throws(WireError) {
    try unsafe self.init(
      run: Fields.run(message.pointee.run, "Offer.run"),
      handler: Fields.name(message.pointee.handler, "Offer.handler"),
      attempt: Fields.number(message.pointee.attempt, in: 1...Int(Int32.max), "Offer.attempt"),
      nominalAt: Timestamp(microseconds: message.pointee.nominal_at)
    )
    try unsafe readParams(message)
    runTimeout = try unsafe Fields.limit(message.pointee.run_timeout, "Offer.run_timeout")
    heartbeatTimeout = try unsafe Fields.limit(
      message.pointee.heartbeat_timeout,
      "Offer.heartbeat_timeout"
    )
    if let trigger = unsafe message.pointee.trigger {
      self.trigger = try unsafe Fields.name(trigger, "Offer.trigger")
    }
    labels = try unsafe Fields.labels(
      message.pointee.n_labels,
      message.pointee.labels,
      "Offer.labels"
    )
  }

  private mutating func readParams(
    _ message: CItem<Tompion__Worker__V1__Offer>
  ) throws(WireError) {
    let limit = WireLimits.param
    if unsafe message.pointee.has_param != 0 {
      param = try unsafe Fields.data(message.pointee.param, "Offer.param", limit: limit)
    }
    if unsafe message.pointee.has_shard_param != 0 {
      let data = unsafe message.pointee.shard_param
      shardParam = try unsafe Fields.data(data, "Offer.shard_param", limit: limit)
    }
    let counts = (run.slot.shard + 1)...TaskTemplate.largestShardCount
    shardCount = try unsafe Fields.number(
      message.pointee.shard_count,
      in: counts,
      "Offer.shard_count"
    )
  }
}
