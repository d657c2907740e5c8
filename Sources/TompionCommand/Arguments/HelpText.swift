/// What `--help` says.
enum HelpText {
  static func of(_ path: [Command]) -> String {
    guard let command = path.last else { return "" }
    var parts = [command.summary, "Usage:\n  " + usage(path, command)]
    if !command.children.isEmpty {
      parts.append("Commands:\n" + rows(command.children.map { ($0.name, $0.summary) }))
      parts.append("More about one: \(path.map(\.name).joined(separator: " ")) COMMAND --help")
    }
    if !command.operands.isEmpty {
      parts.append("Operands:\n" + rows(command.operands.map { ($0.usage, $0.summary) }))
    }
    if !command.options.isEmpty {
      parts.append("Options:\n" + rows(command.options.map { ($0.usage, describe($0)) }))
    }
    if !command.notes.isEmpty { parts.append(command.notes.joined(separator: "\n")) }
    if !command.example.isEmpty { parts.append("Example:\n  " + command.example) }
    return parts.joined(separator: "\n\n")
  }

  private static func usage(_ path: [Command], _ command: Command) -> String {
    var words = path.map(\.name) + command.operands.map(\.usage)
    if !command.children.isEmpty { words.append("COMMAND") }
    if !command.options.isEmpty { words.append("[OPTIONS]") }
    return words.joined(separator: " ")
  }

  private static func describe(_ option: Option) -> String {
    var text = option.summary
    let remarks = [
      option.standard.map { "default \($0)" }, option.environment.map { "env \($0)" },
    ].compactMap(\.self)
    if !remarks.isEmpty { text += " (\(remarks.joined(separator: "; ")))" }
    return text
  }

  private static func rows(_ rows: [(String, String)]) -> String {
    let width = min(rows.map(\.0.count).max() ?? 0, 30)
    return rows.map { name, text in
      guard name.count <= width else {
        return "  \(name)\n  \(String(repeating: " ", count: width))  \(text)"
      }
      return "  \(name)\(String(repeating: " ", count: width - name.count))  \(text)"
    }.joined(separator: "\n")
  }
}
