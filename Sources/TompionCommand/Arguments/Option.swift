/// One option of a command: parsing, help and completion are all made from these.
struct Option: Sendable {
  /// Without the dashes.
  let name: String
  /// What its value is called in the help; `nil` for a switch, which takes none.
  let value: String?
  let summary: String
  /// What holds when it is left out, as the help shows it.
  var standard: String?
  /// The environment variable that stands in for it.
  var environment: String?
  /// Whether it may be given more than once.
  var isRepeatable = false
  /// What its value may be, where that is a short list.
  var choices: [String] = []

  init(_ name: String, _ value: String?, _ summary: String) {
    self.name = name
    self.value = value
    self.summary = summary
  }

  func standard(_ text: String) -> Option {
    var option = self
    option.standard = text
    return option
  }

  func environment(_ name: String) -> Option {
    var option = self
    option.environment = name
    return option
  }

  func repeatable() -> Option {
    var option = self
    option.isRepeatable = true
    return option
  }

  func choices(_ choices: [String]) -> Option {
    var option = self
    option.choices = choices
    return option
  }

  /// How it is written: `--limit N`, or `--label K=V ...`.
  var usage: String {
    let name = "--\(name)"
    let shown = choices.isEmpty ? value : choices.joined(separator: "|")
    return name + (shown.map { " \($0)" } ?? "") + (isRepeatable ? " ..." : "")
  }
}

/// Something a command is told without a name: `trigger show NAME`.
struct Operand: Sendable {
  let name: String
  let summary: String
  let isOptional: Bool

  init(_ name: String, _ summary: String, optional: Bool = false) {
    self.name = name
    self.summary = summary
    isOptional = optional
  }

  var usage: String { isOptional ? "[\(name)]" : name }
}
