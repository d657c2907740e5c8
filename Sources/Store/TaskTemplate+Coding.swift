package import Engine

/// A template in few bytes, so that the first task of a trigger costs little more than the next.
///
/// Equal templates have equal bytes: that is how a store finds the one it has. The first byte is the
/// version of the coding; a store reads all versions it ever wrote.
extension TaskTemplate {
  private static let version: UInt8 = 1

  package var bytes: [UInt8] {
    var bytes: [UInt8] = [TaskTemplate.version]
    bytes.reserveCapacity(96 + namespace.utf8.count + handler.utf8.count + param.utf8.count)
    bytes.append(namespace)
    bytes.append(handler)
    bytes.append(trigger == nil ? 0 : 1)
    if let trigger {
      bytes.append(trigger.id.uuid)
      bytes.append(trigger.name)
      bytes.append(trigger.awaitsEnd ? 1 : 0)
    }
    bytes.append(labels)
    bytes.append(varint: UInt64(clamping: priority))
    bytes.append(varint: UInt64(clamping: shardCount))
    bytes.append(shardParams)
    bytes.append(param)
    bytes.append(varint: UInt64(clamping: retry.retries))
    for duration in [retry.base, retry.cap] { bytes.append(duration) }
    for limit in [limits.queue, limits.run, limits.heartbeat, limits.total] { bytes.append(limit) }
    bytes.append(atMostOnce ? 1 : 0)
    return bytes
  }

  /// `nil` when the bytes make no sense, or are of a later version.
  package init?(bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard reader.byte() == TaskTemplate.version, let namespace = reader.text(),
      let handler = reader.text(), let origin = reader.origin(), let labels = reader.labels(),
      let priority = reader.int(), let shardCount = reader.int(),
      let shardParams = reader.shardParams(), let param = reader.text(),
      let retries = reader.int(), let base = reader.duration(), let cap = reader.duration(),
      let queue = reader.optionalDuration(), let run = reader.optionalDuration(),
      let heartbeat = reader.optionalDuration(), let total = reader.optionalDuration(),
      let once = reader.byte(), (1...TaskTemplate.largestShardCount).contains(shardCount)
    else { return nil }
    self.init(namespace: namespace, handler: handler)
    (self.trigger, self.labels, self.priority) = (origin, labels, priority)
    (self.shardCount, self.shardParams, self.param) = (shardCount, shardParams, param)
    retry = RetryPolicy(retries: retries, base: base, cap: cap)
    limits = TimeLimits(queue: queue, run: run, heartbeat: heartbeat, total: total)
    atMostOnce = once == 1
  }
}

extension ByteReader {
  /// `nil` is nonsense, `.some(nil)` an absent value.
  fileprivate mutating func origin() -> TaskTemplate.Origin?? {
    guard let flag = byte() else { return nil }
    guard flag == 1 else { return .some(nil) }
    guard let id = uuid(), let name = text(), let awaitsEnd = byte() else { return nil }
    return TaskTemplate.Origin(id: TriggerID(id), name: name, awaitsEnd: awaitsEnd == 1)
  }
}
