import Foundation

/// Tells the person who waits how it goes. Standard output is for figures alone.
func say(_ line: String) {
  FileHandle.standardError.write(Data((line + "\n").utf8))
}

/// Prints a line at once, also into a pipe.
func printLine(_ line: String) {
  FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

func exitProcess(_ status: Int32) -> Never {
  exit(status)
}

/// Why something could not be measured.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
