package import Engine

/// A trigger's rule and state in few bytes, so that firing one reads no JSON.
///
/// The first byte is the version of the coding; a store reads all versions it ever wrote.
extension TriggerDefinition {
  private static let version: UInt8 = 1

  package var bytes: [UInt8] {
    var bytes: [UInt8] = [TriggerDefinition.version]
    bytes.append(handler)
    bytes.append(schedule)
    bytes.append(timeZone)
    bytes.append(start)
    bytes.append(end)
    bytes.append(varint: UInt64(clamping: (repeats ?? -1) + 1))
    bytes.append(param)
    bytes.append(varint: UInt64(clamping: shards))
    bytes.append(shardParams)
    bytes.append(labels)
    bytes.append(varint: UInt64(clamping: priority))
    bytes.append(varint: UInt64(clamping: retry.retries))
    for duration in [retry.base, retry.cap, misfireWindow] { bytes.append(duration) }
    for limit in [limits.queue, limits.run, limits.heartbeat, limits.total] { bytes.append(limit) }
    bytes.append(misfire.code)
    bytes.append(overlap.code)
    bytes.append(atMostOnce ? 1 : 0)
    return bytes
  }

  /// `nil` when the bytes make no sense, or are of a later version.
  package init?(bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard reader.byte() == TriggerDefinition.version, let handler = reader.text(),
      let schedule = reader.text()
    else { return nil }
    self.init(handler: handler, schedule: schedule)
    guard let timeZone = reader.text(), let start = reader.optionalTime(),
      let end = reader.optionalTime(), let repeats = reader.int(), let param = reader.text(),
      let shards = reader.int(), let shardParams = reader.shardParams(),
      let labels = reader.labels(), let priority = reader.int(), let retries = reader.int(),
      let base = reader.duration(), let cap = reader.duration(), let window = reader.duration(),
      let queue = reader.optionalDuration(), let run = reader.optionalDuration(),
      let heartbeat = reader.optionalDuration(), let total = reader.optionalDuration(),
      let misfire = reader.byte().flatMap(MisfirePolicy.init(code:)),
      let overlap = reader.byte().flatMap(OverlapPolicy.init(code:)), let once = reader.byte()
    else { return nil }
    (self.timeZone, self.start, self.end, self.param) = (timeZone, start, end, param)
    self.repeats = repeats == 0 ? nil : repeats - 1
    (self.shards, self.shardParams, self.labels) = (shards, shardParams, labels)
    self.priority = priority
    retry = RetryPolicy(retries: retries, base: base, cap: cap)
    limits = TimeLimits(queue: queue, run: run, heartbeat: heartbeat, total: total)
    (self.misfire, misfireWindow, self.overlap) = (misfire, window, overlap)
    atMostOnce = once == 1
  }
}

extension Trigger.State {
  private static let version: UInt8 = 1

  package var bytes: [UInt8] {
    var bytes: [UInt8] = [Trigger.State.version, isOnline ? 1 : 0]
    bytes.append(anchor)
    bytes.append(firedThrough)
    for time in [nextFireAt, catchUpThrough, offlineSince] { bytes.append(time) }
    bytes.append(varint: UInt64(clamping: fires))
    for task in [active, held, followsOn] {
      bytes.append(task == nil ? 0 : 1)
      if let task { bytes.append(task.uuid) }
    }
    return bytes
  }

  /// `nil` when the bytes make no sense, or are of a later version.
  package init?(bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard reader.byte() == Trigger.State.version, let isOnline = reader.byte(),
      let anchor = reader.time(), let firedThrough = reader.time(),
      let nextFireAt = reader.optionalTime(), let catchUpThrough = reader.optionalTime(),
      let offlineSince = reader.optionalTime(), let fires = reader.int(),
      let active = reader.optionalTask(), let held = reader.optionalTask(),
      let followsOn = reader.optionalTask()
    else { return nil }
    self.init(isOnline: isOnline == 1, anchor: anchor, firedThrough: firedThrough)
    (self.nextFireAt, self.catchUpThrough) = (nextFireAt, catchUpThrough)
    (self.offlineSince, self.fires) = (offlineSince, fires)
    (self.active, self.held, self.followsOn) = (active, held, followsOn)
  }
}

extension MisfirePolicy {
  fileprivate var code: UInt8 {
    switch self {
    case .skip: 0
    case .once: 1
    case .all: 2
    }
  }

  fileprivate init?(code: UInt8) {
    guard let policy = MisfirePolicy.allCases.first(where: { $0.code == code }) else { return nil }
    self = policy
  }
}

extension OverlapPolicy {
  fileprivate var code: UInt8 {
    switch self {
    case .skip: 0
    case .queue: 1
    case .allow: 2
    case .replace: 3
    }
  }

  fileprivate init?(code: UInt8) {
    guard let policy = OverlapPolicy.allCases.first(where: { $0.code == code }) else { return nil }
    self = policy
  }
}
