import Engine

/// What triggers and templates are made of. Equal values have equal bytes.
extension [UInt8] {
  mutating func append(_ duration: Duration) {
    append(varint: UInt64(bitPattern: duration.microseconds))
  }

  mutating func append(_ duration: Duration?) {
    append(duration == nil ? 0 : 1)
    if let duration { append(duration) }
  }

  mutating func append(_ params: [Int: String]) {
    append(varint: UInt64(params.count))
    for (shard, param) in params.sorted(by: { $0.key < $1.key }) {
      append(varint: UInt64(clamping: shard))
      append(param)
    }
  }

  mutating func append(_ labels: Labels) {
    append(varint: UInt64(labels.pairs.count))
    for (key, value) in labels.pairs.sorted(by: { $0.key < $1.key }) {
      append(key)
      append(value)
    }
  }
}

extension ByteReader {
  mutating func duration() -> Duration? {
    varint().map { .microseconds(Int64(bitPattern: $0)) }
  }

  /// `nil` is nonsense, `.some(nil)` an absent value.
  mutating func optionalDuration() -> Duration?? {
    guard let flag = byte() else { return nil }
    guard flag == 1 else { return .some(nil) }
    return duration().map(Optional.some)
  }

  /// `nil` is nonsense, `.some(nil)` an absent value.
  mutating func optionalTask() -> TaskID?? {
    guard let flag = byte() else { return nil }
    guard flag == 1 else { return .some(nil) }
    return uuid().map { .some(TaskID($0)) }
  }

  mutating func shardParams() -> [Int: String]? {
    guard let count = int() else { return nil }
    var params: [Int: String] = [:]
    for _ in 0..<count {
      guard let shard = int(), let param = text() else { return nil }
      params[shard] = param
    }
    return params
  }

  mutating func labels() -> Labels? {
    guard let count = int() else { return nil }
    var pairs: [String: String] = [:]
    for _ in 0..<count {
      guard let key = text(), let value = text() else { return nil }
      pairs[key] = value
    }
    return Labels(pairs)
  }
}
