/// Makes values of `Decodable` types from YAML. Every error is a `YAMLError`.
package struct YAMLDecoder: Sendable {
  /// A key that nothing asked for.
  package struct UnknownKey: Sendable, Hashable {
    /// The key with the path to it, such as `jobConfig.handlrs`.
    package let path: String
    /// Counted from 1.
    package let line: Int
    /// Counted from 1.
    package let column: Int
  }

  package init() {}

  /// Decodes a value, and throws at the first key that `T` did not ask for.
  package func decode<T: Decodable>(
    _ type: T.Type,
    from value: YAMLValue
  ) throws(YAMLError) -> T {
    let (decoded, unknown) = try decodeListingUnknownKeys(type, from: value)
    guard let first = unknown.first else { return decoded }
    throw YAMLError(
      path: first.path,
      line: first.line,
      column: first.column,
      message: "unknown key"
    )
  }

  /// Decodes a value, and lists the keys that `T` did not ask for in the order they were met.
  package func decodeListingUnknownKeys<T: Decodable>(
    _ type: T.Type,
    from value: YAMLValue
  ) throws(YAMLError) -> (T, unknown: [UnknownKey]) {
    let usage = YAMLKeyUsage()
    do {
      let decoded = try T(from: YAMLValueDecoder(value: value, codingPath: [], usage: usage))
      return (decoded, usage.unknownKeys)
    } catch let error as YAMLError {
      throw error
    } catch {
      throw Self.translate(error, in: value)
    }
  }

  /// Places what a type's own `init(from:)` threw.
  private static func translate(_ error: any Error, in root: YAMLValue) -> YAMLError {
    guard let error = error as? DecodingError else { return root.error("\(error)") }
    return switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      root.nearest(to: context.codingPath).error(context.debugDescription)
    case .keyNotFound(let key, let context):
      root.nearest(to: context.codingPath).error("the key “\(key.stringValue)” is missing")
    @unknown default: root.error("\(error)")
    }
  }
}

extension YAMLValue {
  /// The value at a path, or the last one on the way there.
  fileprivate func nearest(to path: [any CodingKey]) -> YAMLValue {
    var value = self
    for key in path {
      guard let next = key.intValue.flatMap({ value[$0] }) ?? value[key.stringValue] else { break }
      value = next
    }
    return value
  }
}

/// Which keys of each mapping were asked for.
final class YAMLKeyUsage {
  private struct Record {
    let mapping: YAMLMapping
    let path: YAMLPath
    var asked: Set<String> = []
  }

  private var records: [Record] = []
  private var positions: [ObjectIdentifier: Int] = [:]

  /// Notes that `value`, a mapping, is read key by key.
  func open(_ value: YAMLValue, _ mapping: YAMLMapping) {
    let id = ObjectIdentifier(value.keyPath)
    guard positions[id] == nil else { return }
    positions[id] = records.count
    records.append(Record(mapping: mapping, path: value.keyPath))
  }

  func ask(_ key: String, of value: YAMLValue) {
    guard let position = positions[ObjectIdentifier(value.keyPath)] else { return }
    records[position].asked.insert(key)
  }

  var unknownKeys: [YAMLDecoder.UnknownKey] {
    records.flatMap { record in
      record.mapping.entries(besides: record.asked).map { entry in
        YAMLDecoder.UnknownKey(
          path: YAMLPath(record.path, .key(entry.key)).description,
          line: entry.line,
          column: entry.column
        )
      }
    }
  }
}
