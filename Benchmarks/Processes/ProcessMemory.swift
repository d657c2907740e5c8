import Foundation

/// How much of the machine's memory a process has.
enum ProcessMemory {
  /// The resident set, in millions of bytes. proc(5): `VmRSS` is in units of 1,024 bytes.
  static func resident(of process: Int32) throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    guard let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
    else {
      throw BenchError("no memory of \(process)")
    }
    return kilobytes * 1_024 / 1_000_000
  }

  /// The same once it has not moved by a megabyte for five seconds; after a minute, as it is.
  static func settled(of process: Int32) async throws -> Double {
    var last = try resident(of: process)
    for _ in 0..<12 {
      try await Task.sleep(for: .seconds(5))
      let now = try resident(of: process)
      if (now - last).magnitude < 1 { return now }
      last = now
    }
    return last
  }
}
