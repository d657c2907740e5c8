import Synchronization
import Testing

@testable import TompionCommand

/// Keeps what a command wrote.
final class Transcript: Sendable {
  private let texts = Mutex((said: "", complained: ""))

  var said: String { texts.withLock(\.said) }
  var complained: String { texts.withLock(\.complained) }

  var terminal: Terminal {
    Terminal(
      write: { text in self.texts.withLock { $0.said += text } },
      writeError: { text in self.texts.withLock { $0.complained += text } }
    )
  }
}

func run(
  _ words: String...,
  environment: [String: String] = [:]
) async -> (status: CommandStatus, said: String, complained: String) {
  let transcript = Transcript()
  let interpreter = Interpreter(
    root: RootCommand.command(environment: environment),
    environment: environment,
    terminal: transcript.terminal,
    version: "1.2.3"
  )
  let status = await interpreter.run(words)
  return (status, transcript.said, transcript.complained)
}

struct ParsingTests {
  private let command = Command(
    "sample",
    "For tests.",
    operands: [Operand("NAME", "A name."), Operand("MORE", "More.", optional: true)],
    options: [
      Option("limit", "N", "A limit.").environment("SAMPLE_LIMIT"),
      Option("label", "K=V", "A label.").repeatable(), Option("loud", nil, "A switch."),
      Option("output", "F", "A form.").choices(["table", "json"]),
    ],
    example: "sample x"
  ) { _, _ in .done }

  private func parse(
    _ words: String...,
    environment: [String: String] = [:]
  ) throws(UsageError) -> Arguments {
    try Arguments(words, for: command, environment: environment)
  }

  @Test func `options are written with a blank or an equals sign, anywhere`() throws {
    let arguments = try parse("--limit", "5", "name", "--output=json", "--loud", "--label=a=b=c")
    #expect(arguments["limit"] == "5" && arguments["output"] == "json")
    #expect(arguments.has("loud") && arguments.operand("NAME") == "name")
    #expect(try arguments.pairs("label") == ["a": "b=c"])
    #expect(try parse("x", "--limit=")["limit"] == "")
    let accents = try parse("x", "--limit=\u{301}", "--label=a=\u{301}")
    #expect(accents["limit"] == "\u{301}")
    #expect(try accents.pairs("label") == ["a": "\u{301}"])
  }

  @Test func `what follows two dashes is no option`() throws {
    #expect(try parse("--", "--limit").operand("NAME") == "--limit")
  }

  @Test func `a repeated option keeps all its values`() throws {
    let arguments = try parse("x", "--label", "a=1", "--label", "b=2")
    #expect(try arguments.pairs("label") == ["a": "1", "b": "2"])
  }

  @Test func `the environment stands in for what is not typed`() throws {
    let environment = ["SAMPLE_LIMIT": "7"]
    #expect(try parse("x", environment: environment)["limit"] == "7")
    #expect(try parse("x", "--limit", "5", environment: environment)["limit"] == "5")
    #expect(try parse("x", environment: environment).typed("limit") == nil)
  }

  @Test(arguments: [
    (["x", "--limt", "5"], "there is no option --limt; did you mean --limit?"),
    (["x", "--zzzzzz"], "there is no option --zzzzzz"),
    (["x", "--limit"], "--limit needs a value: N"),
    (["x", "--loud=1"], "--loud takes no value"),
    (["x", "--limit", "1", "--limit", "2"], "--limit is given twice"),
    ([], "NAME is missing: A name."),
    (["x", "y", "z"], "nothing is expected at z"),
    (["x", "-l"], "options begin with two dashes; -l does not"),
    (["x", "--output", "xml"], "--output must be one of table, json, not xml"),
  ])
  func `wrong usage is explained`(words: [String], message: String) {
    let error = #expect(throws: UsageError.self) {
      try Arguments(words, for: command, environment: [:])
    }
    #expect(error?.message == message)
  }

  @Test(arguments: ["a", "=b", "a=1|a=2"])
  func `malformed pairs are refused`(text: String) throws {
    let words = text.split(separator: "|").flatMap { ["--label", String($0)] }
    let arguments = try Arguments(["x"] + words, for: command, environment: [:])
    #expect(throws: UsageError.self) { try arguments.pairs("label") }
  }
}

@Suite(.timeLimit(.minutes(1)))
struct InterpreterTests {
  @Test func `a typing error gets a suggestion and exit status 2`() async {
    let command = await run("trigger", "lst")
    #expect(command.status == .wrongUsage)
    #expect(command.complained.contains("there is no command lst; did you mean list?"))
    let option = await run("task", "list", "--outptu=json")
    #expect(option.status == .wrongUsage)
    #expect(option.complained.contains("did you mean --output?"))
    let missing = await run("trigger", "create", "x", "--handler", "h")
    #expect(missing.status == .wrongUsage && missing.complained.contains("--schedule is missing"))
    #expect(await run("trigger").status == .wrongUsage)
    #expect(await run().status == .wrongUsage)
  }

  @Test func `nobody there is a failure that names the address`() async {
    let answer = await run("trigger", "list", "--server", "http://127.0.0.1:9")
    #expect(answer.status == .failed)
    #expect(answer.complained.contains("http://127.0.0.1:9"))
    #expect(answer.said.isEmpty)
  }

  @Test func `the version is told`() async {
    let answer = await run("--version")
    #expect(answer.status == .done && answer.said == "tompion 1.2.3\n")
  }

  @Test func `every command has help with usage and an example`() async {
    func visit(_ command: Command, _ path: [String]) async {
      let transcript = Transcript()
      let interpreter = Interpreter(
        root: RootCommand.command(environment: [:]),
        environment: [:],
        terminal: transcript.terminal,
        version: "1"
      )
      let status = await interpreter.run(path + ["--help"])
      let name = (["tompion"] + path).joined(separator: " ")
      #expect(status == .done, "\(name)")
      #expect(transcript.said.contains("Usage:\n  \(name)"), "\(name)")
      for option in command.options { #expect(transcript.said.contains("--\(option.name)")) }
      if command.children.isEmpty { #expect(command.example.hasPrefix(name), "\(name)") }
      for child in command.children { await visit(child, path + [child.name]) }
    }
    await visit(RootCommand.command(environment: [:]), [])
  }

  @Test func `help on a command can be asked for in front`() async {
    let asked = await run("help", "task", "watch")
    #expect(asked.status == .done && asked.said.contains("--until-final"))
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `completion knows the commands and their options`(shell: String) async {
    let script = await run("completion", shell)
    #expect(script.status == .done)
    for word in ["trigger", "backfill", "until-final", "retry-backoff"] {
      #expect(script.said.contains(word), "\(word)")
    }
    #expect(await run("completion", "tcsh").status == .wrongUsage)
  }
}
