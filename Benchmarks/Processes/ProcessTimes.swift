import Foundation

/// How long a process has been on a processor, in user and in kernel mode.
enum ProcessTimes {
  /// In microseconds, in steps of a clock tick, which is 10 ms.
  ///
  /// proc(5): `utime` and `stime` are fields 14 and 15; the name before them may hold blanks.
  static func microseconds(of process: Int32) throws -> Double {
    let line = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    guard let name = line.lastIndex(of: ")") else { throw BenchError("no times of \(process)") }
    let fields = line[line.index(after: name)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
      throw BenchError("no times of \(process)")
    }
    return (user + system) * 1_000_000 / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Of the calling process, in microseconds.
  static var own: Double {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1_000_000 + Double(time.tv_nsec) / 1_000
  }
}
