/// How a message becomes a line.
package enum LogFormat: String, Sendable, CaseIterable {
  /// For people: time, level, message, then `key=value` for each fact. The label is left out.
  case text
  /// For programs: one JSON object.
  case json

  /// The line for `record`, at most 8 KiB, with its line break. A longer one is cut, and ends in
  /// `cut=true` or has that member.
  func line(for record: LogRecord) -> [UInt8] {
    var line = LogLine()
    switch self {
    case .text: Self.writeText(record, to: &line)
    case .json: Self.writeJSON(record, to: &line)
    }
    return line.bytes
  }
}

extension LogFormat {
  private static func writeText(_ record: LogRecord, to line: inout LogLine) {
    line.append(record.time)
    line.append(" ")
    line.append(record.level.column)
    line.append(escaping: record.message, quotes: false)
    for entry in record.metadata.entries {
      guard line.hasRoom(for: entry.key.utf8.count + 8) else { break }
      line.append(" ")
      line.append(escaping: entry.key.asKey, quotes: false)
      line.append("=")
      let text = entry.value.description
      if text.isBare {
        line.append(escaping: text, quotes: false)
      } else {
        line.append("\"")
        line.append(escaping: text, quotes: true)
        line.append("\"")
      }
    }
    line.append(line.isCut ? " cut=true\n" : "\n")
  }

  private static func writeJSON(_ record: LogRecord, to line: inout LogLine) {
    line.append("{\"time\":\"")
    line.append(record.time)
    line.append("\",\"level\":\"")
    line.append(escaping: record.level.rawValue, quotes: true)
    line.append("\",\"logger\":\"")
    line.append(escaping: record.label, quotes: true)
    line.append("\",\"message\":\"")
    line.append(escaping: record.message, quotes: true)
    line.append("\",\"metadata\":{")
    writeMembers(of: record.metadata, to: &line)
    line.append(line.isCut ? "},\"cut\":true}\n" : "}}\n")
  }

  private static func writeMembers(of metadata: Logger.Metadata, to line: inout LogLine) {
    var isFirst = true
    for entry in metadata.entries {
      // A key may grow sixfold when it is escaped, and must not be cut: it could meet another.
      guard line.hasRoom(for: entry.key.utf8.count * 6 + 8) else { return }
      line.append(isFirst ? "\"" : ",\"")
      line.append(escaping: entry.key, quotes: true)
      line.append("\":\"")
      line.append(escaping: entry.value.description, quotes: true)
      line.append("\"")
      isFirst = false
    }
  }
}

extension Logger.Level {
  /// The name and the blanks after it: names of up to five letters line up.
  fileprivate var column: StaticString {
    switch self {
    case .trace: "trace "
    case .debug: "debug "
    case .info: "info  "
    case .notice: "notice "
    case .warning: "warning "
    case .error: "error "
    case .critical: "critical "
    }
  }
}

extension String {
  /// Whether a reader can tell where the text ends without quotes around it.
  fileprivate var isBare: Bool {
    !isEmpty
      && unicodeScalars.allSatisfy { scalar in
        switch scalar {
        case " ", "\"", "=", "\\": false
        case "!"..."~": true
        default: scalar.value >= 0xA0 && !scalar.properties.isWhitespace
        }
      }
  }

  /// The text as a key: whatever could be taken for something else becomes an underscore.
  fileprivate var asKey: String {
    guard !utf8.allSatisfy(Self.isKeyByte) else { return self }  // Nearly always.
    return String(decoding: utf8.map { Self.isKeyByte($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
  }

  private static func isKeyByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
