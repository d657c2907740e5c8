import PlatformRuntime

/// Measures what Tompion does: `tompion-bench` prints one JSON line for each figure.
///
/// The same executable is the worker of the measurements, or a crowd of them, when its first argument
/// says so.
@main
struct Bench {
  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.first == WorkerRole.name {
      return try await WorkerRole(arguments.dropFirst()).run()
    }
    if arguments.first == CrowdRole.name {
      return try await CrowdRole(arguments.dropFirst()).run()
    }
    let options: Options
    do throws(Options.Wrong) {
      options = try Options(arguments)
    } catch {
      say(error.message)
      stop(2)
    }
    // Nobody waits for it: it ends with the process, and ends the process when it is asked to.
    Task {
      await terminationSignal()
      stop(130)
    }
    do {
      try await run(options)
      stop(0)
    } catch {
      say("\(error)")
      stop(1)
    }
  }

  private static func run(_ options: Options) async throws {
    for measurement in Measurement.all where measurement.isWanted(by: options) {
      var runs: [[Figure]] = []
      for number in 1...options.runs {
        say("\(measurement.names.joined(separator: ", ")): run \(number) of \(options.runs)")
        let figures = try await measurement.measure(options)
        for figure in figures { say("  \(figure.line)") }
        runs.append(figures)
      }
      for name in measurement.names where options.only.map({ $0 == name }) ?? true {
        printLine(Figure.median(of: runs.joined().filter { $0.name == name }).line)
      }
    }
  }

  /// Ends the process and every process that it started, and throws away what they wrote.
  private static func stop(_ status: Int32) -> Never {
    Child.killAll()
    Scratch.removeAll()
    exitProcess(status)
  }
}
