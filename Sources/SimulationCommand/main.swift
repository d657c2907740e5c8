import Foundation

/// The order in which a dictionary is gone through must be the same in every run.
///
/// The standard library reads the variable when the process starts, so the process starts once more.
func hashDeterministically() {
  let variable = "SWIFT_DETERMINISTIC_HASHING"
  guard ProcessInfo.processInfo.environment[variable] == nil else { return }
  unsafe setenv(variable, "1", 1)
  var arguments = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
  unsafe execv("/proc/self/exe", &arguments)
  complain("cannot start anew with \(variable) set")
  exit(1)
}

func complain(_ text: String) {
  FileHandle.standardError.write(Data("\(text)\n".utf8))
}

hashDeterministically()

do throws(Options.Problem) {
  let options = try Options(CommandLine.arguments.dropFirst())
  exit(await Session(options).run() ? 0 : 1)
} catch {
  complain("\(error.message)\n\(Options.usage)")
  exit(2)
}
