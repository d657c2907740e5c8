/// Scripts that complete commands and options in a shell, made from the table of commands.
enum Completion {
  static let shells = ["bash", "zsh", "fish"]

  static func script(for shell: String, _ root: Command) -> String {
    switch shell {
    case "zsh": "autoload -U +X bashcompinit && bashcompinit\n" + bash(root)
    case "fish": fish(root)
    default: bash(root)
    }
  }

  /// Every command with the words that may follow it.
  private static func places(
    _ command: Command,
    _ path: [String]
  ) -> [(path: [String], words: [String])] {
    let words =
      command.children.map(\.name) + command.options.map { "--\($0.name)" } + ["--help"]
    return [(path, words)]
      + command.children.flatMap { places($0, path + [$0.name]) }
  }

  private static func bash(_ root: Command) -> String {
    let cases = places(root, []).map { place in
      "    \"\(place.path.joined(separator: " "))\") words=\"\(place.words.joined(separator: " "))\" ;;"
    }
    return """
      _\(root.name)() {
        local path="" words="" word
        for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
          case "$word" in -*) break ;; esac
          if [ "$(_\(root.name)_words "$path${path:+ }$word")" ]; then path="$path${path:+ }$word"; fi
        done
        words="$(_\(root.name)_words "$path")"
        COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
      }
      _\(root.name)_words() {
        local words=""
        case "$1" in
      \(cases.joined(separator: "\n"))
        esac
        echo "$words"
      }
      complete -F _\(root.name) \(root.name)
      """
  }

  private static func fish(_ root: Command) -> String {
    var lines = ["complete -c \(root.name) -f"]
    for child in root.children {
      lines.append(line(root, "__fish_use_subcommand", "-a \(child.name)", child.summary))
      for grandchild in child.children {
        let names = child.children.map(\.name).joined(separator: " ")
        let condition =
          "__fish_seen_subcommand_from \(child.name); and not __fish_seen_subcommand_from \(names)"
        lines.append(line(root, condition, "-a \(grandchild.name)", grandchild.summary))
        lines += options(root, grandchild, under: [child.name, grandchild.name])
      }
      lines += options(root, child, under: [child.name])
    }
    return lines.joined(separator: "\n")
  }

  private static func options(
    _ root: Command,
    _ command: Command,
    under path: [String]
  ) -> [String] {
    let condition = path.map { "__fish_seen_subcommand_from \($0)" }.joined(separator: "; and ")
    return command.options.map { option in
      let value = option.value == nil ? "" : " -x"
      let choices =
        option.choices.isEmpty ? "" : " -a '\(option.choices.joined(separator: " "))'"
      return line(root, condition, "-l \(option.name)\(value)\(choices)", option.summary)
    }
  }

  private static func line(
    _ root: Command,
    _ condition: String,
    _ what: String,
    _ summary: String
  ) -> String {
    let quoted = summary.replacing("'", with: "\\'")
    return "complete -c \(root.name) -n '\(condition)' \(what) -d '\(quoted)'"
  }
}
