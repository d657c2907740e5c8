import Foundation
import Synchronization

/// A process that was started for a measurement, and what it says line by line.
final class Child: Sendable {
  /// The lines of its standard output or, where asked for, of its standard error.
  let lines: AsyncStream<String>
  let id: Int32

  private let process: Process
  /// Its standard input; a worker ends when it closes.
  private let input = Pipe()

  /// All that live, so that none outlives a measurement that is broken off.
  private static let living = Mutex<Set<Int32>>([])

  /// The file of this program.
  static var ownExecutable: String {
    get throws { try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") }
  }

  enum Voice {
    case standardOutput
    case standardError
  }

  /// What it says with its other voice is shown, unless it `isQuiet`.
  init(
    _ executable: String,
    _ arguments: [String],
    listeningTo voice: Voice,
    isQuiet: Bool = false
  ) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.standardInput = input
    let output = Pipe()
    if isQuiet { process.standardError = FileHandle.nullDevice }
    switch voice {
    case .standardOutput: process.standardOutput = output
    case .standardError: process.standardError = output
    }
    let (lines, said) = AsyncStream.makeStream(of: String.self)
    self.lines = lines
    self.process = process
    try process.run()
    id = process.processIdentifier
    _ = Child.living.withLock { [id] in $0.insert(id) }
    Child.read(output.fileHandleForReading, into: said)
  }

  private static func read(
    _ handle: FileHandle,
    into said: AsyncStream<String>.Continuation
  ) {
    let thread = Thread {
      var rest = Data()
      while case let more = handle.availableData, !more.isEmpty {
        rest += more
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          said.yield(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
          rest = Data(rest[(end + 1)...])
        }
      }
      said.finish()
    }
    thread.start()
  }

  /// Ends it at once: what it leaves behind is thrown away.
  func kill() {
    guard Child.living.withLock({ [id] in $0.remove(id) }) != nil else { return }
    _ = Foundation.kill(id, SIGKILL)
    process.waitUntilExit()
  }

  deinit { kill() }

  static func killAll() {
    for id in living.withLock(\.self) { _ = Foundation.kill(id, SIGKILL) }
  }
}
