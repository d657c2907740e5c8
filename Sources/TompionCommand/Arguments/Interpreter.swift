import ControlAPI
import TompionClient

/// Finds the command that was typed, and has it done.
struct Interpreter: Sendable {
  let root: Command
  let environment: [String: String]
  let terminal: Terminal
  let version: String

  func run(_ words: [String]) async -> CommandStatus {
    var path = [root]
    var rest = words[...]
    while let word = rest.first, let command = path.last, !command.children.isEmpty {
      if let child = command.children.first(where: { $0.name == word }) {
        path.append(child)
        rest = rest.dropFirst()
      } else if ["--help", "-h"].contains(word) {
        return help(path)
      } else if path.count == 1, word == "--version" {
        terminal.say("tompion \(version)")
        return .done
      } else if path.count == 1, word == "help" {
        return helpOn(rest.dropFirst())
      } else {
        return refuse(unknown(word, command), path)
      }
    }
    guard let command = path.last, let action = command.action else {
      terminal.complain(HelpText.of(path))
      return .wrongUsage
    }
    if rest.prefix(while: { $0 != "--" }).contains(where: { ["--help", "-h"].contains($0) }) {
      return help(path)
    }
    return await perform(action, command, rest, path)
  }

  private func perform(
    _ action: Command.Action,
    _ command: Command,
    _ words: ArraySlice<String>,
    _ path: [Command]
  ) async -> CommandStatus {
    do {
      let arguments = try Arguments(words, for: command, environment: environment)
      return try await action(arguments, terminal)
    } catch let error as UsageError {
      return refuse(error.message, path)
    } catch let error as ControlClientError {
      guard let blamed = error.problem.flatMap({ command.parameter(behind: $0) }) else {
        terminal.complain("tompion: \(error)")
        return .failed
      }
      return refuse("\(blamed): \(error.message)", path)
    } catch {
      terminal.complain("tompion: \(error)")
      return .failed
    }
  }

  private func help(_ path: [Command]) -> CommandStatus {
    terminal.say(HelpText.of(path))
    return .done
  }

  /// `tompion help trigger create`.
  private func helpOn(_ words: ArraySlice<String>) -> CommandStatus {
    var path = [root]
    for word in words {
      guard let command = path.last, let child = command.children.first(where: { $0.name == word })
      else { return refuse(unknown(word, path[path.count - 1]), path) }
      path.append(child)
    }
    return help(path)
  }

  private func unknown(_ word: String, _ command: Command) -> String {
    guard !word.hasPrefix("-") else { return "there is no option \(word) here" }
    return "there is no command \(word)"
      + Suggestion.text(for: word, among: command.children.map(\.name))
  }

  private func refuse(_ message: String, _ path: [Command]) -> CommandStatus {
    let name = path.map(\.name).joined(separator: " ")
    terminal.complain("\(name): \(message)\nTry: \(name) --help")
    return .wrongUsage
  }
}
