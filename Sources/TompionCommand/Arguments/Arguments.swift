/// What was given to a command.
struct Arguments: Sendable {
  fileprivate(set) var operands: [String: String] = [:]
  private var values: [String: [String]] = [:]
  /// The variables that stood in for options, by option.
  private var variables: [String: String] = [:]

  /// The value of an option; the last one counts where it was given again.
  subscript(option: String) -> String? { values[option]?.last }

  func all(_ option: String) -> [String] { values[option] ?? [] }

  /// The value that was typed, whatever the environment says.
  func typed(_ option: String) -> String? { variables[option] == nil ? self[option] : nil }

  func has(_ option: String) -> Bool { values[option] != nil }

  /// An operand that the command cannot do without.
  func operand(_ name: String) -> String { operands[name] ?? "" }

  /// Pairs written `KEY=VALUE`.
  func pairs(_ option: String) throws(UsageError) -> [String: String]? {
    guard has(option) else { return nil }
    var pairs: [String: String] = [:]
    for text in all(option) {
      // By scalars: an equals sign and an accent after it are one character.
      let scalars = text.unicodeScalars
      guard let equals = scalars.firstIndex(of: "="), equals != scalars.startIndex else {
        throw UsageError("--\(option) is written KEY=VALUE, not \(text)")
      }
      let key = String(scalars[..<equals])
      let value = String(scalars[scalars.index(after: equals)...])
      guard pairs.updateValue(value, forKey: key) == nil else {
        throw UsageError("--\(option) \(key) is given twice")
      }
    }
    return pairs
  }

  func integer(_ option: String) throws(UsageError) -> Int? {
    guard let text = self[option] else { return nil }
    guard let number = Int(text) else {
      throw UsageError("--\(option) must be a whole number, not \(text)")
    }
    return number
  }
}

/// What was typed makes no sense to the command.
struct UsageError: Error, Sendable, Hashable {
  let message: String

  init(_ message: String) {
    self.message = message
  }
}

extension Arguments {
  /// Reads `words` as the operands and options of `command`.
  ///
  /// `--option value`, `--option=value` and, for what follows `--`, operands only. Variables of the
  /// environment stand in for options that are not given.
  init(
    _ words: some Collection<String>,
    for command: Command,
    environment: [String: String]
  ) throws(UsageError) {
    var rest = Array(words)[...]
    var found: [String] = []
    while let word = rest.popFirst() {
      if word == "--" {
        found += rest
        break
      }
      if word.hasPrefix("--") {
        try take(option: word.dropFirst(2), &rest, command)
      } else if word.hasPrefix("-"), word.count > 1 {
        throw UsageError("options begin with two dashes; \(word) does not")
      } else {
        found.append(word)
      }
    }
    try take(operands: found, command)
    for option in command.options where values[option.name] == nil {
      guard let variable = option.environment, let value = environment[variable], !value.isEmpty
      else { continue }
      values[option.name] = [value]
      variables[option.name] = variable
    }
    try checkChoices(command)
  }

  private mutating func take(
    option text: Substring,
    _ rest: inout ArraySlice<String>,
    _ command: Command
  ) throws(UsageError) {
    let parts = text.unicodeScalars
      .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = command.options.first(where: { $0.name == name }) else {
      throw UsageError(
        "there is no option --\(name)"
          + Suggestion.text(for: name, among: command.options.map(\.name), prefix: "--")
      )
    }
    guard option.isRepeatable || values[name] == nil else {
      throw UsageError("--\(name) is given twice")
    }
    guard let placeholder = option.value else {
      guard parts.count == 1 else { throw UsageError("--\(name) takes no value") }
      values[name] = [""]
      return
    }
    if parts.count == 2 {
      values[name, default: []].append(String(parts[1]))
    } else if let value = rest.popFirst() {
      values[name, default: []].append(value)
    } else {
      throw UsageError("--\(name) needs a value: \(placeholder)")
    }
  }

  private mutating func take(operands found: [String], _ command: Command) throws(UsageError) {
    for (operand, word) in zip(command.operands, found) { operands[operand.name] = word }
    if found.count > command.operands.count {
      throw UsageError("nothing is expected at \(found[command.operands.count])")
    }
    if let missing = command.operands.dropFirst(found.count).first(where: { !$0.isOptional }) {
      throw UsageError("\(missing.name) is missing: \(missing.summary)")
    }
  }

  private func checkChoices(_ command: Command) throws(UsageError) {
    for option in command.options where !option.choices.isEmpty {
      for value in all(option.name) where !option.choices.contains(value) {
        let choices = option.choices.joined(separator: ", ")
        let place = variables[option.name] ?? "--\(option.name)"
        throw UsageError("\(place) must be one of \(choices), not \(value)")
      }
    }
  }
}

/// Finds what somebody meant to type.
enum Suggestion {
  /// `; did you mean X?`, or nothing.
  static func text(for word: String, among known: [String], prefix: String = "") -> String {
    let near = known.map { ($0, distance(word, $0)) }.filter { $0.1 <= max(1, word.count / 3) }
    guard let best = near.min(by: { $0.1 < $1.1 }) else { return "" }
    return "; did you mean \(prefix)\(best.0)?"
  }

  /// How many letters must be added, left out or changed (Levenshtein).
  static func distance(_ one: String, _ other: String) -> Int {
    let other = Array(other)
    var row = Array(0...other.count)
    for (line, letter) in one.enumerated() {
      var diagonal = row[0]
      row[0] = line + 1
      for (column, candidate) in other.enumerated() {
        let above = row[column + 1]
        row[column + 1] = min(
          above + 1,
          row[column] + 1,
          diagonal + (letter == candidate ? 0 : 1)
        )
        diagonal = above
      }
    }
    return row[other.count]
  }
}
