import Foundation

@main
enum Tompion {
  static func main() async {
    if let broken = firstUnreadableArgument {
      Terminal.standard.complain("tompion: \(broken) is not UTF-8")
      exit(CommandStatus.wrongUsage.rawValue)
    }
    let environment = ProcessInfo.processInfo.environment
    let interpreter = Interpreter(
      root: RootCommand.command(environment: environment),
      environment: environment,
      terminal: .standard,
      version: RootCommand.version
    )
    let status = await interpreter.run(Array(CommandLine.arguments.dropFirst()))
    exit(status.rawValue)
  }

  /// The first argument that is no text, by the option before it or its number; Swift would repair it
  /// without a word.
  private static var firstUnreadableArgument: String? {
    var last = ""
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = unsafe CommandLine.unsafeArgv[index] else { continue }
      guard let text = unsafe String(validatingCString: argument) else {
        return last.hasPrefix("--") ? "the value of \(last)" : "argument \(index)"
      }
      last = text
    }
    return nil
  }
}
