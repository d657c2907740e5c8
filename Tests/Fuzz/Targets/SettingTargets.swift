import Foundation
import PlatformYAML

@testable import Tompion
@testable import TompionCommand

extension FuzzTarget {
  /// What is set: files, variables, and the words of a command line.
  static let settings = [
    FuzzTarget("yaml", longest: 2_048) { input in
      guard let documents = try? YAML.documents(input) else { return }
      let again = try? YAML.documents(input)
      try demand(again?.count == documents.count, "the same bytes read differently")
    },
    FuzzTarget("server-settings", longest: 1_024) { input in
      let settings = try? ServerSettings(
        flags: [:],
        environment: [:],
        file: (name: "tompion.yaml", text: input.text)
      )
      guard let configuration = try? settings?.configuration() else { return }
      try demand(
        (.seconds(2) ... .seconds(300)).contains(configuration.lease),
        "a lease of \(configuration.lease) was taken"
      )
      let isOpen = !configuration.http.isLoopback || !configuration.grpc.isLoopback
      try demand(!isOpen || configuration.token != nil, "an open door without a token")
    },
    FuzzTarget("worker-settings", longest: 1_024) { input in
      guard let configuration = try? WorkerConfiguration.parse(input.text, file: "config.yaml")
      else { return }
      try configuration.validate()
    },
    FuzzTarget("labels", longest: 512) { input in
      guard let found = try? labels(input.text) else { return }
      let text = found.map { "\($0)=\($1)" }.sorted().joined(separator: ",")
      try demand(try labels(text) == found, "\(text) reads as other labels")
    },
    FuzzTarget("arguments", longest: 1_024) { input in
      try await checkArguments(input.text.split(separator: "\n").map(String.init))
    },
  ]

  private static func labels(_ text: String) throws -> [String: String] {
    // Nothing is what an empty variable says; the defaults have no labels either.
    try WorkerConfiguration.load(environment: ["TOMPION_LABELS": text]).labels
  }

  /// Every command, doing nothing.
  private static let idle = RootCommand.command(environment: [:]).idle

  private static func checkArguments(_ words: [String]) async throws {
    let terminal = Terminal(write: { _ in }, writeError: { _ in })
    let interpreter = Interpreter(
      root: idle,
      environment: ["TOMPION_SERVER": words.last ?? ""],
      terminal: terminal,
      version: "1"
    )
    let status = await interpreter.run(words)
    try demand(status != .failed, "what was typed made a command fail")
  }
}

extension Command {
  /// The same command, which reads all it was given and does nothing with it.
  fileprivate var idle: Command {
    var command = self
    command.children = children.map(\.idle)
    if action != nil {
      let options = options
      command.action = { arguments, _ in
        for option in options {
          _ = try? arguments.pairs(option.name)
          _ = try? arguments.integer(option.name)
        }
        return .done
      }
    }
    return command
  }
}
