import Foundation

/// Where a command writes: what was asked for, and what is wrong.
struct Terminal: Sendable {
  private let write: @Sendable (String) -> Void
  private let writeError: @Sendable (String) -> Void

  init(
    write: @escaping @Sendable (String) -> Void,
    writeError: @escaping @Sendable (String) -> Void
  ) {
    self.write = write
    self.writeError = writeError
  }

  /// The standard output and the standard error of the process.
  static let standard = Terminal(
    write: { try? FileHandle.standardOutput.write(contentsOf: Data($0.utf8)) },
    writeError: { try? FileHandle.standardError.write(contentsOf: Data($0.utf8)) }
  )

  func say(_ text: String) { write(text + "\n") }
  func complain(_ text: String) { writeError(text + "\n") }

  /// Prints the API's own JSON.
  func say(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    say(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// Prints the API's own JSON in one line, for streams.
  func say(jsonLine value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    say(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
