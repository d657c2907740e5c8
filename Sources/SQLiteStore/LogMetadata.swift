import Foundation
import Store

/// The facts beside a log message, as the database keeps them: one JSON object.
enum LogMetadata {
  static func write(_ metadata: [String: String]) throws(StoreError) -> String {
    guard !metadata.isEmpty else { return "{}" }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    do {
      return String(decoding: try encoder.encode(metadata), as: UTF8.self)
    } catch {
      throw StoreError(.invalid, "the log line's metadata cannot be written down", cause: error)
    }
  }

  static func read(_ text: String) -> [String: String] {
    guard text != "{}" else { return [:] }
    return (try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))) ?? [:]
  }
}
