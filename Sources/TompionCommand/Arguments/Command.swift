/// A command with what it takes and what it does, or a group of commands.
struct Command: Sendable {
  /// What a command does: `arguments` are checked already.
  typealias Action =
    @Sendable (_ arguments: Arguments, _ terminal: Terminal) async throws ->
    CommandStatus

  let name: String
  let summary: String
  var operands: [Operand] = []
  var options: [Option] = []
  /// A line that can be typed as it stands.
  var example = ""
  /// What a person should know besides.
  var notes: [String] = []
  var children: [Command] = []
  var action: Action?

  /// A group of commands.
  init(_ name: String, _ summary: String, _ children: [Command]) {
    self.name = name
    self.summary = summary
    self.children = children
  }

  init(
    _ name: String,
    _ summary: String,
    operands: [Operand] = [],
    options: [Option] = [],
    example: String,
    notes: [String] = [],
    action: @escaping Action
  ) {
    self.name = name
    self.summary = summary
    self.operands = operands
    self.options = options
    self.example = example
    self.notes = notes
    self.action = action
  }
}

/// How the process ends.
enum CommandStatus: Int32, Sendable {
  case done = 0
  case failed = 1
  case wrongUsage = 2
}
