/// Everything `tompion` can do.
enum RootCommand {
  static let version = "0.1.0"

  static func command(environment: [String: String]) -> Command {
    let root = Command(
      "tompion",
      "Decides when work runs, hands it to workers, and remembers how it went.",
      [
        ServerCommand.command(environment: environment), TriggerCommands.group, TaskCommands.group,
        FleetCommands.workers, FleetCommands.handlers, FleetCommands.namespaces,
      ]
    )
    var complete = root
    complete.children.append(completion(of: root))
    complete.example = "tompion trigger list"
    complete.notes = ["tompion --version says which version this is."]
    return complete
  }

  private static func completion(of root: Command) -> Command {
    Command(
      "completion",
      "Prints a script that completes commands and options in a shell.",
      operands: [Operand("SHELL", "bash, zsh or fish.")],
      example: "tompion completion bash > /etc/bash_completion.d/tompion"
    ) { arguments, terminal in
      let shell = arguments.operand("SHELL")
      guard Completion.shells.contains(shell) else {
        throw UsageError("SHELL must be one of \(Completion.shells.joined(separator: ", "))")
      }
      terminal.say(Completion.script(for: shell, root))
      return .done
    }
  }
}
