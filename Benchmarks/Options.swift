import Foundation

/// What the command line asks for.
struct Options: Sendable {
  struct Wrong: Error {
    let message: String
  }

  /// The figure to measure; `nil` is all.
  var only: String?
  /// How often each is measured; the median counts. 1 to 99.
  var runs = 3
  /// The executable whose server is measured; beside this one unless given.
  var server: String
  /// Where servers keep their data, each in a directory of its own that is removed at the end.
  var directory = FileManager.default.temporaryDirectory.path
  /// How many tasks are drained.
  var tasks = 100_000
  /// How many seconds the figures over a stretch of time take; `nil` leaves it to each.
  var seconds: Int?
  /// Whether tasks that fire are run while firing is measured; `nil` leaves it to each figure.
  var runsFires: Bool?
  /// Where the process ids of the server and the worker are written, for a profiler; `nil` is nowhere.
  var pidFile: String?

  static let usage = """
    usage: tompion-bench [--only NAME] [--runs N] [--tasks N] [--seconds N]
                         [--run-fires yes|no] [--server FILE] [--dir DIR] [--pid-file FILE]
    figures: \(Measurement.all.flatMap(\.names).joined(separator: " "))
    """

  init(_ arguments: [String]) throws(Wrong) {
    server =
      URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("tompion").path
    var rest = arguments[...]
    while let option = rest.popFirst() {
      guard let value = rest.popFirst() else { throw Wrong(message: Self.usage) }
      switch option {
      case "--only": only = value
      case "--runs": runs = try Self.count(value, 1...99)
      case "--tasks": tasks = try Self.count(value, 1_000...1_000_000)
      case "--seconds": seconds = try Self.count(value, 2...600)
      case "--run-fires": runsFires = try Self.answer(value)
      case "--server": server = value
      case "--dir": directory = value
      case "--pid-file": pidFile = value
      default: throw Wrong(message: Self.usage)
      }
    }
    if let only, !Measurement.all.contains(where: { $0.names.contains(only) }) {
      throw Wrong(message: "there is no figure \(only)\n\(Self.usage)")
    }
    guard FileManager.default.isExecutableFile(atPath: server) else {
      throw Wrong(message: "\(server) is no executable; build the product tompion first")
    }
  }

  private static func answer(_ text: String) throws(Wrong) -> Bool {
    guard text == "yes" || text == "no" else {
      throw Wrong(message: "expected yes or no, found \(text)")
    }
    return text == "yes"
  }

  private static func count(_ text: String, _ bounds: ClosedRange<Int>) throws(Wrong) -> Int {
    guard let count = Int(text), bounds.contains(count) else {
      throw Wrong(message: "expected \(bounds.lowerBound) to \(bounds.upperBound), found \(text)")
    }
    return count
  }
}

extension Options {
  /// Writes down who is being measured.
  func note(_ server: ServerProcess, _ worker: WorkerProcess? = nil) throws {
    guard let pidFile else { return }
    let ids = [server.id, worker?.id].compactMap { $0.map { "\($0)" } }.joined(separator: " ")
    try "\(ids)\n".write(toFile: pidFile, atomically: true, encoding: .utf8)
  }
}
