/// Values by their keys, as many as fit; one more takes the place of the oldest.
///
/// Nothing is ever thrown away all at once, which would hold up whoever comes next.
struct BoundedCache<Key: Hashable, Value> {
  private let capacity: Int
  private var values: [Key: Value] = [:]
  /// The keys in the order in which they came, around a ring.
  private var order: [Key] = []
  private var oldest = 0

  init(capacity: Int) {
    self.capacity = capacity
  }

  subscript(key: Key) -> Value? { values[key] }

  /// Keeps a value and returns the one that had to make room for it.
  @discardableResult
  mutating func keep(_ value: Value, for key: Key) -> Value? {
    guard values.updateValue(value, forKey: key) == nil else { return nil }
    guard order.count == capacity else {
      order.append(key)
      return nil
    }
    let leaving = order[oldest]
    order[oldest] = key
    oldest = (oldest + 1) % capacity
    return leaving == key ? nil : values.removeValue(forKey: leaving)
  }

  mutating func remove(_ key: Key) {
    values[key] = nil
  }
}
